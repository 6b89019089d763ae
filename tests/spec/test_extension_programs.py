"""Detector, restorer, extender and exporter as programs, with an extension: what they hand on, and what comes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.layout_tree import LayoutTree
from lifecycle_py.spec.toml_file import read_toml
from tests.spec.test_phase_programs import over_layout, save_run_image
from tests.support.phase_programs import BUILD_UID, REPOSITORY, BuilderImage
from tests.support.trees import write_tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an extender is root in its container")

_DOCKERFILE = """ARG base_image
FROM ${base_image}
LABEL io.buildpacks.rebasable=true
ENV EXTENDED=yes
USER root
RUN mkdir /made-by-extension && echo hi >/made-by-extension/file
USER 1000
"""
_EXTENSION = {
    "extension.toml": 'api = "0.12"\n[extension]\nid = "test/extension"\nversion = "1"\n',
    "generate/run.Dockerfile": _DOCKERFILE,
    "generate/build.Dockerfile": _DOCKERFILE,
}
_ORDER = """[[order]]
[[order.group]]
id = "test/pack"
version = "1"
[[order-extensions]]
[[order-extensions.group]]
id = "test/extension"
version = "1"
"""


@pytest.fixture
def builder() -> Iterator[BuilderImage]:
    """A builder image with an extension that changes both images."""
    with tempfile.TemporaryDirectory(prefix="builder-image-") as directory:
        made = BuilderImage.make(Path(directory))
        write_tree(made.path("extensions/test_extension/1"), _EXTENSION)
        made.path("order.toml").write_text(_ORDER)
        made.path("kaniko").mkdir()
        save_run_image(made)
        yield made


def _in_container(builder: BuilderImage) -> list[str]:
    """Give the words that run a command as in a container: its root is a new one, all else is mounted into it."""
    words = ["bwrap", "--unshare-pid", "--die-with-parent"]
    for path in sorted(Path("/").iterdir()):
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir() and path.name not in {"proc", "dev", "sys", "lost+found", "root", "tmp"}:
            words += ["--ro-bind", str(path), str(path)]
    words += ["--perms", "1777", "--tmpfs", "/tmp"]
    for path in (Path(sys.base_prefix), REPOSITORY):  # where it may be that only root can come through
        for parent in reversed(path.parents[:-1]):
            words += ["--perms", "0755", "--dir", str(parent)] if parent != Path("/tmp") else []
        words += ["--ro-bind", str(path), str(path)]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--bind", str(builder.root), str(builder.root), "--"]


def _environment(builder: BuilderImage) -> dict[str, str]:
    return {"CNB_EXTENSIONS_DIR": str(builder.path("extensions")), "CNB_KANIKO_DIR": str(builder.path("kaniko"))}


def _until_extended(builder: BuilderImage, *restore: str) -> None:
    env = _environment(builder)
    for phase, arguments in (
        ("analyze", (*over_layout(builder), "-run-image", "r/run:1", "r/app:1")),
        ("detect", ()),
        ("restore", (*over_layout(builder), *restore)),
    ):
        done = builder.run(phase, *arguments, **env)
        assert 0 == done.returncode, f"{phase}: {done.stdout}{done.stderr}"


@pytest.mark.requirement("platform.extender.run-layers", "platform.restorer.extended-run", "platform.extender.kind")
def test_run_image_is_extended_by_programs(builder: BuilderImage) -> None:
    """The extender leaves the new layers, the exporter puts them between the run image's and the app's."""
    _until_extended(builder)
    env = _environment(builder)
    analyzed = read_toml(builder.path("layers/analyzed.toml")).data["run-image"]

    extended = builder.run_as_we_are("extend", "-kind", "run", before=_in_container(builder), **env)
    assert 0 == extended.returncode, extended.stdout + extended.stderr
    builder.give()
    built = builder.run("build", **env)
    launcher = ("-launcher", str(builder.path("launcher")))
    exported = builder.run("export", *over_layout(builder), *launcher, "r/app:1", **env)

    assert (0, 0) == (built.returncode, exported.returncode), built.stderr + exported.stderr
    assert (True, "r/run:1") == (analyzed["extend"], analyzed["image"])
    found = LayoutTree(builder.path("layout")).find("r/app:1")
    base = LayoutTree(builder.path("layout")).find("r/run:1")
    assert found is not None
    assert base is not None
    config = found.image.config
    assert ("1000", "true") == (config.user, config.labels["io.buildpacks.rebasable"])
    assert "yes" == config.environment()["EXTENDED"]
    assert base.image.layers[0].diff_id == found.image.layers[0].diff_id
    layer = found.image.layers[1]
    with layer.open_blob() as blob, open_uncompressed(blob) as tar, tarfile.open(fileobj=tar, mode="r|") as archive:
        assert ["/made-by-extension", "/made-by-extension/file"] == [member.name for member in archive]
    label = json.loads(config.labels["io.buildpacks.lifecycle.metadata"])
    assert base.image.layers[0].diff_id == label["runImage"]["topLayer"]
    assert ["test/extension"] == [
        one["id"] for one in json.loads(config.labels["io.buildpacks.build.metadata"])["extensions"]
    ]


@pytest.mark.requirement(
    "platform.extender.build-then-builder", "platform.restorer.extended-build", "deviation.extender-build-config"
)
def test_build_image_is_extended_before_buildpacks_run(builder: BuilderImage) -> None:
    """The extender changes the container it runs in, becomes the build's user, and runs the builder."""
    program = builder.path("buildpacks/test_pack/1/bin/build")
    program.write_text(f"{program.read_text()}echo $OPERATOR; cat /made-by-extension/file; id -u\n")
    write_tree(builder.path("build-config"), {"env/OPERATOR": "cares"})
    _until_extended(builder, "-build-image", "r/run:1")

    arguments = ("-kind", "build", "-build-config", str(builder.path("build-config")))
    done = builder.run_as_we_are("extend", *arguments, before=_in_container(builder), **_environment(builder))

    assert 0 == done.returncode, done.stdout + done.stderr
    assert ["cares", "hi", str(BUILD_UID)] == done.stdout.splitlines()[-4:-1]
    assert read_toml(builder.path("layers/config/metadata.toml")).data["extensions"][0]["id"] == "test/extension"


@pytest.mark.requirement("platform.extender.exit-codes")
@pytest.mark.parametrize(
    ("dockerfile", "arguments", "code", "words"),
    [
        (_DOCKERFILE.replace("mkdir", "exit 3 #"), ("-kind", "run"), 102, "run.Dockerfile:6 failed: RUN exit 3"),
        (_DOCKERFILE.replace("USER 1000", "USER root"), ("-kind", "run"), 102, "root as its user"),
        (_DOCKERFILE, ("-kind", "other"), 3, "-kind is build or run"),
    ],
)
def test_extender_fails_by_the_specification(
    builder: BuilderImage, dockerfile: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """102 with file and line; wrong arguments are 3."""
    builder.path("extensions/test_extension/1/generate/run.Dockerfile").write_text(dockerfile)
    _until_extended(builder)

    done = builder.run_as_we_are("extend", *arguments, before=_in_container(builder), **_environment(builder))

    assert code == done.returncode
    assert words in done.stderr


def test_extender_needs_what_the_restorer_keeps(builder: BuilderImage) -> None:
    """Without the base image's configuration nothing is extended."""
    _until_extended(builder)
    subprocess.run(["rm", "-rf", str(builder.path("kaniko/cache"))], check=True)

    done = builder.run_as_we_are("extend", "-kind", "run", before=_in_container(builder), **_environment(builder))

    assert 102 == done.returncode
    assert "kaniko" in done.stderr


def test_extensions_are_experimental_before_platform_0_13(builder: BuilderImage) -> None:
    """The platform has to allow them; before 0.10 there are none."""
    env = {**_environment(builder), "CNB_RUN_PATH": "", "CNB_EXPERIMENTAL_MODE": "error"}

    refused = builder.run("detect", **env, CNB_PLATFORM_API="0.12")
    none = builder.run("detect", **{**env, "CNB_EXTENSIONS_DIR": ""}, CNB_PLATFORM_API="0.9")

    assert 0 != refused.returncode
    assert "experimental" in refused.stderr
    assert 0 == none.returncode, none.stderr
    assert "group-extensions" not in read_toml(builder.path("layers/group.toml"))
