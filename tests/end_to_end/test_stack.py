"""The default base images as they come out: what is in them, and that equal packages give equal bytes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from builder.build.executor import BuildEnvironment
from builder.build.sandbox import SandboxExecutor
from builder.stacks.make_stack import PACKAGES_LABEL, BaseImage, BaseKind, make_base_image
from builder.stacks.mmdebstrap import host_architecture
from builder.stacks.packages import PACKAGES_FILE, RUN_IMAGE_STATUS_FILE, parse_packages, read_package_list
from builder.stacks.stack_toml import Stack, StackUser, read_stack
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import serialize, sha256
from lifecycle_py.session import Command
from tests.support.stack import debian_13

pytestmark = pytest.mark.end_to_end

# Libraries one can link against in the build image but not run with in the run image, and why that is right.
WITHOUT_RUNTIME = re.compile(
    r"libpython3\.\d+\.so|libruby-\d+\.\d+\.so"  # Python and Ruby come to an app as a layer
    r"|libcurses\.so"  # a linker script that names libncurses.so.6, which is there
    r"|libgnutls-(dane|openssl)\.so|libgssrpc\.so|libk(adm5.*|db5)\.so"  # administration libraries curl's headers bring
)


def _run(root: Path, script: str) -> tuple[str, ...]:
    lines: list[str] = []
    environment = BuildEnvironment(root=root, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    with SandboxExecutor().open(environment) as session:
        session.run(Command(argv=("sh", "-c", script)), lines.append)
    return tuple(lines)


@pytest.mark.requirement(
    "platform.base-images.build-user",
    "platform.base-images.build-ids",
    "platform.base-images.path",
    "platform.base-images.distro-labels",
    "platform.base-images.platform-of-image",
)
def test_config_is_what_the_specification_asks() -> None:
    """Both images name a numeric user that is not root, and their distribution; the build image its CNB user."""
    build, run = debian_13().build.image.config, debian_13().run.image.config

    assert (build.user, run.user) == ("1000:1000", "1000:1000")
    assert build.environment()["CNB_USER_ID"] == build.environment()["CNB_GROUP_ID"] == "1000"
    assert "CNB_USER_ID" not in run.environment()
    for config in (build, run):
        assert config.environment()["PATH"].startswith("/usr/local/sbin:")
        assert config.labels["io.buildpacks.base.distro.name"] == "debian"
        assert config.labels["io.buildpacks.base.distro.version"] == "13"
        assert config.labels["io.buildpacks.base.id"] == "offramp.debian-13"
        assert (config.os, config.architecture) == ("linux", host_architecture())


@pytest.mark.parametrize("kind", ["build", "run"])
def test_user_and_locales(kind: str) -> None:
    """The user is named ``app`` and lives in ``/app``; both promised locales work."""
    root = debian_13().build_root if kind == "build" else debian_13().run_root
    lines = _run(root, "id -un; getent passwd app; locale -a; LC_ALL=en_US.UTF-8 bash -c true")

    assert lines[:2] == ("app", "app:x:1000:1000::/app:/bin/bash")
    assert sorted(lines[2:]) == ["C", "C.utf8", "POSIX", "en_US.utf8"]


@pytest.mark.parametrize("kind", ["build", "run"])
def test_package_list_is_dpkgs(kind: str) -> None:
    """The list inside an image equals dpkg's own database, and its digest is a label."""
    stack = debian_13()
    root, image = (stack.build_root, stack.build) if kind == "build" else (stack.run_root, stack.run)
    listed = root.joinpath(PACKAGES_FILE[1:]).read_bytes()
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")

    assert read_package_list(listed) == parse_packages(status)
    assert image.image.config.labels[PACKAGES_LABEL] == sha256(listed)


def test_build_image_knows_what_the_run_image_has() -> None:
    """The build image has the run image's own package status, to the byte; the run image has no copy."""
    stack = debian_13()
    status = (stack.run_root / "var/lib/dpkg/status").read_bytes()

    assert (stack.build_root / RUN_IMAGE_STATUS_FILE[1:]).read_bytes() == status
    assert not (stack.run_root / RUN_IMAGE_STATUS_FILE[1:]).exists()


def test_run_image_has_every_library_of_the_build_image() -> None:
    """What can be linked against in the build image can be loaded in the run image."""
    stack = debian_13()
    directory = next((stack.build_root / "usr/lib").glob("*-linux-gnu")).relative_to(stack.build_root)
    missing = [
        link.name
        for link in (stack.build_root / directory).glob("*.so")
        if link.is_symlink()
        and not WITHOUT_RUNTIME.fullmatch(link.name)
        and not (stack.run_root / directory / Path(os.path.realpath(link)).name).exists()
    ]

    assert missing == []


@pytest.mark.parametrize(
    ("extensions", "brought"),
    [
        ("python3.*/lib-dynload/*.so", r"$^"),
        ("*-linux-gnu/ruby/3.*/**/*.so", r"libruby-.*"),  # the layer brings Ruby's library
        ("ruby/gems/3.*/extensions/**/*.so", r"libruby-.*"),
    ],
)
def test_stacks_own_languages_run_in_the_run_image(extensions: str, brought: str) -> None:
    """Every extension that comes with the build image's Python and Ruby finds its libraries in the run image."""
    stack = debian_13()
    found = sorted((stack.build_root / "usr/lib").glob(extensions))
    output = subprocess.run(["objdump", "-p", *found], capture_output=True, text=True, check=True).stdout
    needed = {name for name in re.findall(r"NEEDED +(\S+)", output) if not re.fullmatch(brought, name)}
    present = {path.name for path in (stack.run_root / "usr/lib").glob("*-linux-gnu/*.so*")}

    assert found
    assert needed - present == set()


def test_run_image_has_no_tools_to_build_with() -> None:
    """No compiler, no git, no Python, no Ruby and no package manager is in what runs applications."""
    found = _run(debian_13().run_root, "for p in cc gcc make git python3 ruby apt apt-get pip; do command -v $p; done")

    assert found == ()


def test_build_image_compiles_and_its_python_is_precompiled() -> None:
    """A C program can be built, and Python need not compile its standard library at every start."""
    lines = _run(
        debian_13().build_root,
        "cd /tmp && echo 'int main(){return 0;}' > a.c && cc a.c -lssl -lpq -lyaml && ./a.out && echo built;"
        "python3 -v -c 'import argparse, tomllib, dataclasses' 2>&1 | grep -c 'code object from .*\\.py$' || true",
    )

    assert lines == ("built", "0")


def test_run_image_is_small() -> None:
    """The run image stays below 60 MB compressed: whoever adds to it must say why (stack-debian-13.md)."""
    assert sum(layer.blob.size for layer in debian_13().run.image.layers) < 60_000_000


def test_made_twice_has_one_digest(tmp_path: Path) -> None:
    """A small stack made twice from the same packages is the same image, byte for byte."""
    declared = read_stack()
    stack = Stack(
        id="test.tiny",
        suite=declared.suite,
        distro_name="debian",
        distro_version="13",
        user=StackUser(name="app", uid=1000, gid=1000, home="/app"),
        run_packages=("ca-certificates",),
        build_packages=(),
        locales=("en_US.UTF-8",),
        mirrors=declared.mirrors,
    )
    base = BaseImage(stack=stack, kind=BaseKind.RUN, architecture=host_architecture())
    digests = {
        serialize(make_base_image(base, BlobDirectory(tmp_path / name), lambda _text: None)).digest
        for name in ("first", "second")
    }

    assert len(digests) == 1
    assert not list(tmp_path.glob("*/.partial-*"))
