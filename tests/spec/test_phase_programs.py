"""The phases as programs, in place: what a platform that runs them inside a builder image relies on."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class BuilderImage:
    """Directories as a builder image has them."""

    root: Path

    def run(self, phase: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a phase program."""
        return subprocess.run(
            [sys.executable, "-c", "from lifecycle_py.cli.entry import main; main()", phase, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(REPOSITORY),
                "CNB_PLATFORM_API": "0.15",
                "CNB_APP_DIR": str(self.root / "app"),
                "CNB_LAYERS_DIR": str(self.root / "layers"),
                "CNB_PLATFORM_DIR": str(self.root / "platform"),
                "CNB_BUILDPACKS_DIR": str(self.root / "buildpacks"),
                "CNB_ORDER_PATH": str(self.root / "order.toml"),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def builder(tmp_path: Path) -> BuilderImage:
    """A builder image with one buildpack, which wants every app that has a file ``wanted``."""
    for name in ("app", "layers", "platform/env"):
        (tmp_path / name).mkdir(parents=True)
    programs = tmp_path / "buildpacks" / "test_pack" / "1" / "bin"
    programs.mkdir(parents=True)
    (programs.parent / "buildpack.toml").write_text('api = "0.12"\n[buildpack]\nid = "test/pack"\nversion = "1"\n')
    (programs / "detect").write_text("#!/bin/sh\ntest -e wanted || exit 100\n")
    (programs / "build").write_text(
        '#!/bin/sh\necho "GREETING is $GREETING"\n'
        'cat > "$CNB_LAYERS_DIR/launch.toml" <<END\n'
        '[[processes]]\ntype = "web"\ncommand = ["true"]\ndefault = true\nEND\n'
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    (tmp_path / "order.toml").write_text('[[order]]\n[[order.group]]\nid = "test/pack"\nversion = "1"\n')
    (tmp_path / "app" / "wanted").touch()
    (tmp_path / "platform" / "env" / "GREETING").write_text("hello")
    return BuilderImage(tmp_path)


@pytest.mark.requirement(
    "platform.detector.writes-plan", "platform.builder.records-buildpacks", "platform.builder.default-process"
)
def test_detect_then_build_hand_on_through_files(builder: BuilderImage) -> None:
    """``detect`` writes group.toml and plan.toml, ``build`` reads them and writes config/metadata.toml."""
    assert 0 == builder.run("detect").returncode
    built = builder.run("build")
    metadata = tomllib.loads((builder.root / "layers" / "config" / "metadata.toml").read_text())

    assert 0 == built.returncode
    assert "GREETING is hello" in built.stdout
    assert "web" == metadata["buildpack-default-process-type"]
    assert ["true"] == metadata["processes"][0]["command"]


@pytest.mark.requirement("platform.detector.exit-20", "deviation.logs-to-stderr")
def test_nothing_detected_is_20(builder: BuilderImage) -> None:
    """No buildpack wants the app: exit code 20, the reason on stderr."""
    (builder.root / "app" / "wanted").unlink()
    done = builder.run("detect")

    assert 20 == done.returncode
    assert "test/pack@1: does not apply" in done.stderr


@pytest.mark.requirement("platform.builder.exit-51")
def test_failed_build_is_51(builder: BuilderImage) -> None:
    """A buildpack's failure is exit code 51."""
    builder.run("detect")
    (builder.root / "buildpacks" / "test_pack" / "1" / "bin" / "build").write_text("#!/bin/sh\nexit 9\n")

    assert 51 == builder.run("build").returncode


@pytest.mark.requirement("platform.api.checked-first", "platform.api.conform-or-fail", "platform.api.form")
@pytest.mark.parametrize("version", ["", "0.3", "0.99", "new"])
def test_platform_api_is_checked_first(builder: BuilderImage, version: str) -> None:
    """A missing or unsupported Platform API is exit code 11, before anything else is read."""
    assert 11 == builder.run("detect", "-nonsense", CNB_PLATFORM_API=version).returncode


def test_wrong_flag_is_3(builder: BuilderImage) -> None:
    """An unknown flag, or an argument where none is taken, is exit code 3."""
    assert 3 == builder.run("detect", "-nonsense").returncode
    assert 3 == builder.run("detect", "image").returncode


def test_create_over_a_layout(builder: BuilderImage) -> None:
    """``create`` runs all phases and leaves an image in the layout whose previous one the next run reuses."""
    layout = builder.root / "layout"
    blobs = BlobDirectory(layout / "blobs")
    run_image = Image(config=ImageConfig(), layers=(blobs.write_layer(file_tar("/base", b"", mode=0o644, owner=ROOT)),))
    LayoutStore(layout).save(run_image, ["run"])
    (builder.root / "launcher").write_text("not run here")
    arguments = ["-layout", "-layout-dir", str(layout), "-run-image", "run", "-uid", "1000", "-gid", "1000"]
    arguments += ["-launcher", str(builder.root / "launcher"), "-cache-dir", str(builder.root / "cache"), "app"]
    first = builder.run("create", *arguments)
    again = builder.run("create", *arguments)
    found = LayoutStore(layout).find("app")

    assert (0, 0) == (first.returncode, again.returncode), first.stderr + again.stderr
    assert found is not None
    assert ("/cnb/process/web",) == found.image.config.entrypoint
    assert "app: reused" in again.stdout
