"""Environments of buildpacks, computed."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lifecycle_py.environment import LayerEnvironment, inherited, target_variables, with_layers, with_platform
from lifecycle_py.spec.env_delta import EnvDelta
from lifecycle_py.spec.targets import Distro, Target


def _layer(path: str, *roots: str, **files: bytes) -> LayerEnvironment:
    delta = EnvDelta.from_files({name.replace("__", "."): value for name, value in files.items()})
    return LayerEnvironment(path=PurePosixPath(path), roots=frozenset(roots), deltas=(delta,))


@pytest.mark.requirement(
    "platform.buildpack-environment.base-inherited",
    "platform.buildpack-environment.layer-paths-inherited",
    "platform.buildpack-environment.nothing-else",
)
def test_inherited_keeps_what_the_specification_lists() -> None:
    """Proxies in both spellings and path lists pass, the host's secrets do not."""
    kept = {
        "HOME": b"/h",
        "PATH": b"/bin",
        "http_proxy": b"p",
        "NO_PROXY": b"n",
        "CPATH": b"c",
        "CNB_STACK_ID": b"s",
        "HOSTNAME": b"x",
    }

    assert kept == inherited({**kept, "AWS_SECRET_ACCESS_KEY": b"s", "LANG": b"C", "PYTHONPATH": b"x"})


@pytest.mark.requirement("buildpack.environment.layer-paths-build")
def test_with_layers_maps_each_root() -> None:
    """The well-known directories of a layer go to their variables, in front."""
    env = with_layers({"PATH": b"/bin"}, [_layer("/l", "bin", "lib", "include", "pkgconfig", "other")])

    assert {
        "PATH": b"/l/bin:/bin",
        "LD_LIBRARY_PATH": b"/l/lib",
        "LIBRARY_PATH": b"/l/lib",
        "CPATH": b"/l/include",
        "PKG_CONFIG_PATH": b"/l/pkgconfig",
    } == env


@pytest.mark.requirement("buildpack.environment.layer-path-order")
def test_with_layers_puts_later_layers_first() -> None:
    """The newest layer's programs win."""
    assert b"/b/bin:/a/bin" == with_layers({}, [_layer("/a", "bin"), _layer("/b", "bin")])["PATH"]


@pytest.mark.requirement("buildpack.environment.layer-by-layer")
def test_with_layers_applies_a_layers_files_after_its_directories() -> None:
    """A file of a layer sees its own directories, and not those of the next."""
    layers = [_layer("/a", "bin", PATH__append=b":end"), _layer("/b", "bin", PATH__override=b"only")]

    assert b"/a/bin:end" == with_layers({}, layers[:1])["PATH"]
    assert b"only" == with_layers({}, layers)["PATH"]


def test_with_layers_leaves_its_input() -> None:
    """Environments are values."""
    before = {"PATH": b"/bin"}

    with_layers(before, [_layer("/l", "bin")])

    assert {"PATH": b"/bin"} == before


@pytest.mark.requirement("buildpack.environment.user-path-variables")
def test_with_platform_prepends_path_lists_and_replaces_the_rest() -> None:
    """The user's PATH comes before the layers', any other variable replaces."""
    env = with_platform({"PATH": b"/bin", "LANG": b"C"}, {"PATH": b"/user", "LANG": b"de", "CPATH": b"x"})

    assert {"PATH": b"/user:/bin", "LANG": b"de", "CPATH": b"x"} == env


@pytest.mark.requirement("platform.buildpack-environment.target")
def test_target_variables_leave_out_the_unknown() -> None:
    """A variable that is not known is not set, not even empty."""
    full = Target(os="linux", arch="arm", variant="v7", distro=Distro(name="debian", version="13"))

    assert {
        "CNB_TARGET_OS": b"linux",
        "CNB_TARGET_ARCH": b"arm",
        "CNB_TARGET_ARCH_VARIANT": b"v7",
        "CNB_TARGET_DISTRO_NAME": b"debian",
        "CNB_TARGET_DISTRO_VERSION": b"13",
    } == target_variables(full)
    assert {"CNB_TARGET_OS": b"linux", "CNB_TARGET_ARCH": b"amd64"} == target_variables(Target(arch="amd64"))
