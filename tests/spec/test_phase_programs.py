"""The phases as programs, in place: what a platform that runs them inside a builder image relies on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.layout_tree import LayoutTree
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.oci.store import FoundImage
from tests.support.phase_programs import BuilderImage


@pytest.fixture
def builder() -> Iterator[BuilderImage]:
    """A builder image with one buildpack, where another user can reach it: pytest's own directories are closed."""
    with tempfile.TemporaryDirectory(prefix="builder-image-") as directory:
        yield BuilderImage.make(Path(directory))


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


def save_run_image(builder: BuilderImage, name: str = "r/run:1", contents: bytes = b"one") -> FoundImage:
    """Put a run image into the layout directory."""
    store = LayoutTree(builder.path("layout"))
    layers = LayoutStore(builder.path("scratch")).blobs
    layer = layers.write_layer(file_tar("/base", contents, mode=0o644, owner=ROOT))
    config = ImageConfig(env=("PATH=/bin",), labels={"io.buildpacks.base.distro.name": "debian"})
    store.save(Image(config=config, layers=(layer,)), [name])
    found = store.find(name)
    assert found is not None
    builder.give()
    return found


def over_layout(builder: BuilderImage) -> list[str]:
    """Give the flags that name the layout directory."""
    return ["-layout", "-layout-dir", str(builder.path("layout"))]


def build_in_phases(builder: BuilderImage, image: str = "r/app:1", **env: str) -> dict[str, str]:
    """Run the five programs as a platform does, in fresh layers; give what each printed on stdout."""
    layers, cache = builder.path("layers"), ["-cache-dir", str(builder.path("cache"))]
    subprocess.run(["rm", "-rf", str(layers)], check=True)
    layers.mkdir()
    builder.give()
    layout, launcher = over_layout(builder), ["-launcher", str(builder.path("launcher"))]
    done = {
        "analyze": builder.run("analyze", *layout, "-run-image", "r/run:1", image, **env),
        "detect": builder.run("detect", **env),
        "restore": builder.run("restore", *layout, *cache, **env),
        "build": builder.run("build", **env),
        "export": builder.run("export", *layout, *cache, *launcher, image, **env),
    }
    assert dict.fromkeys(done, 0) == {name: one.returncode for name, one in done.items()}, {
        name: one.stderr for name, one in done.items()
    }
    return {name: one.stdout for name, one in done.items()}


def test_create_over_a_layout(builder: BuilderImage) -> None:
    """``create`` runs all phases and leaves an image in the layout whose previous one the next run reuses."""
    save_run_image(builder)
    arguments = [*over_layout(builder), "-run-image", "r/run:1", "-launcher", str(builder.path("launcher"))]
    arguments += ["-cache-dir", str(builder.path("cache")), "-tag", "r/app:too", "r/app:1"]
    first = builder.run("create", *arguments)
    again = builder.run("create", *arguments)
    found = LayoutTree(builder.path("layout")).find("r/app:1")

    assert (0, 0) == (first.returncode, again.returncode), first.stderr + again.stderr
    assert found is not None
    assert ("/cnb/process/web",) == found.image.config.entrypoint
    assert "app: reused" in again.stdout
    assert (builder.path("layout") / "index.docker.io" / "r" / "app" / "too" / "index.json").exists()


@pytest.mark.requirement("buildpack.security.separate-phases", "platform.build.isolated")
def test_five_programs_hand_on_through_files(builder: BuilderImage) -> None:
    """Analyzer to exporter, each its own process: the second build restores by type and reads no unchanged layer."""
    save_run_image(builder)
    first = build_in_phases(builder)
    again = build_in_phases(builder)

    assert "restored" not in first["build"]
    assert {"kept restored: kept", "both restored: both", "alone restored: metadata only"} <= set(
        again["build"].splitlines()
    )
    exported = again["export"]
    assert "test/pack: kept: reused, unchanged" in exported
    assert "test/pack: alone: reused, unchanged" in exported
    report = tomllib.loads(builder.path("layers/report.toml").read_text())
    found = LayoutTree(builder.path("layout")).find("r/app:1")
    assert found is not None
    assert found.digest == report["image"]["digest"]


@pytest.mark.requirement("platform.creator.equivalent")
def test_the_image_is_the_same_however_it_is_built(builder: BuilderImage) -> None:
    """Five programs or one give the same digest."""
    save_run_image(builder)
    build_in_phases(builder, "r/app:1")
    subprocess.run(["rm", "-rf", *map(str, builder.path("layers").iterdir())], check=True)
    arguments = [*over_layout(builder), "-run-image", "r/run:1", "-launcher", str(builder.path("launcher"))]
    created = builder.run("create", *arguments, "r/other:1")
    store = LayoutTree(builder.path("layout"))
    phases, one = store.find("r/app:1"), store.find("r/other:1")

    assert 0 == created.returncode, created.stderr
    assert phases is not None
    assert one is not None
    assert phases.digest == one.digest


@pytest.mark.parametrize("api", ["0.12", "0.13", "0.14"])
def test_older_platform_apis(builder: BuilderImage, api: str) -> None:
    """The image says the Platform API it was built with, and only what that API knows."""
    save_run_image(builder)
    build_in_phases(builder, CNB_PLATFORM_API=api)
    found = LayoutTree(builder.path("layout")).find("r/app:1")

    assert found is not None
    assert api == found.image.config.environment()["CNB_PLATFORM_API"]
    assert "io.buildpacks.exec-env" not in found.image.config.labels
    assert "true" == found.image.config.labels["io.buildpacks.rebasable"]


@pytest.mark.parametrize("api", ["0.7", "0.11"])
def test_flags_of_newer_platform_apis_are_unknown(builder: BuilderImage, api: str) -> None:
    """Layouts came with 0.12."""
    done = builder.run("analyze", *over_layout(builder), "-run-image", "r/run:1", "r/app:1", CNB_PLATFORM_API=api)

    assert 3 == done.returncode
    assert "-layout" in done.stderr


@pytest.mark.requirement("platform.api.experimental-error")
def test_layouts_are_experimental(builder: BuilderImage) -> None:
    """Without CNB_EXPERIMENTAL_MODE the analyzer refuses ``-layout``, and says which variable allows it."""
    save_run_image(builder)
    arguments = [*over_layout(builder), "-run-image", "r/run:1", "r/app:1"]
    refused = builder.run("analyze", *arguments, CNB_EXPERIMENTAL_MODE="")
    warned = builder.run("analyze", *arguments, CNB_EXPERIMENTAL_MODE="warn")

    assert 0 != refused.returncode
    assert "CNB_EXPERIMENTAL_MODE" in refused.stderr
    assert (0, True) == (warned.returncode, "experimental" in warned.stderr)


@pytest.mark.requirement("platform.detector.not-root", "platform.builder.not-root")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be refused for being root")
@pytest.mark.parametrize("phase", ["detect", "build"])
def test_buildpacks_are_not_run_as_root(builder: BuilderImage, phase: str) -> None:
    """Detector and builder refuse to be root."""
    done = builder.run_as_we_are(phase)

    assert 0 != done.returncode
    assert "refusing to run as root" in done.stderr


def test_run_image_comes_from_the_list(builder: BuilderImage) -> None:
    """Without ``-run-image`` the first image of run.toml is taken, or its mirror where the app image goes."""
    save_run_image(builder, "mirror.example/run:1")
    builder.path("run.toml").write_text('[[images]]\nimage = "r.example/run:1"\nmirrors = ["mirror.example/run:1"]\n')
    done = builder.run("analyze", *over_layout(builder), "mirror.example/app:1")
    analyzed = tomllib.loads(builder.path("layers/analyzed.toml").read_text())

    assert 0 == done.returncode, done.stderr
    assert "mirror.example/run:1" == analyzed["run-image"]["image"]


@pytest.mark.requirement("platform.analyzer.run-image-resolved")
def test_no_run_image_at_all(builder: BuilderImage) -> None:
    """Neither a flag nor a list: the analyzer's error names both ways."""
    done = builder.run("analyze", *over_layout(builder), "r/app:1")

    assert 32 == done.returncode
    assert "-run-image is required" in done.stderr


@pytest.mark.parametrize(
    ("phase", "arguments", "problem"),
    [
        ("analyze", [], "received 0 arguments"),
        ("analyze", ["a", "b"], "received 2 arguments"),
        ("analyze", ["-tag", "other.example/app", "r.example/app"], "multiple registries"),
        ("analyze", ["Bad Name"], "not the name of an image"),
        ("export", [], "at least one image"),
        ("export", ["-run-image", "x", "r/app"], "-run-image is unsupported"),
        ("rebase", ["-image", "a", "-run-image", "b", "r/app"], "supply only one"),
        ("create", ["-uid", "me", "r/app"], 'invalid value "me"'),
        ("restore", ["image"], "received unexpected arguments"),
        ("detect", ["-log-level", "loud"], "invalid log level"),
        ("nonsense", [], "there is no phase"),
    ],
)
def test_wrong_arguments_are_3(builder: BuilderImage, phase: str, arguments: list[str], problem: str) -> None:
    """What is wrong with a command line is said before anything is read or written."""
    done = builder.run(phase, *arguments)

    assert 3 == done.returncode, done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_programs_answer_to_their_own_names(builder: BuilderImage) -> None:
    """``/cnb/lifecycle/detector`` is the detect phase: one program, many names."""
    link = builder.path("detector")
    link.symlink_to("/bin/true")
    code = f"import sys; sys.argv[0] = {str(link)!r}; from lifecycle_py.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "-version"],
        env=builder.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, True) == (done.returncode, done.stdout.strip()[0].isdigit())
