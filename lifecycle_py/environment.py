"""The environment buildpacks run in, computed: inherited variables, layers of earlier buildpacks, platform, operator.

Facts: reference/cnb.md §b.6; spec: buildpack.md "Environment" (buildpacks/spec@b745fcf). Pure: directories were read
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from lifecycle_py.spec.env_delta import EnvAction, EnvChange, EnvDelta, Environment
from lifecycle_py.spec.targets import Target

_INHERITED = frozenset(
    {
        "CNB_STACK_ID",
        "HOSTNAME",
        "HOME",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
    }
)
_PATH_LIKE = ("PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH")

# A directory of a layer's root → the variables it is prepended to while later buildpacks build.
_BUILD_ROOTS = (
    ("bin", ("PATH",)),
    ("lib", ("LD_LIBRARY_PATH", "LIBRARY_PATH")),
    ("include", ("CPATH",)),
    ("pkgconfig", ("PKG_CONFIG_PATH",)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerEnvironment:
    """What a finished layer does to the environment of later buildpacks.

    ``path`` is the layer as buildpacks see it, ``roots`` the names of the well-known directories it has, ``deltas``
    the contents of ``env`` and ``env.build``, in this order.
    """

    path: PurePosixPath
    roots: frozenset[str]
    deltas: tuple[EnvDelta, ...] = ()


def inherited(environment: Environment) -> dict[str, bytes]:
    """Keep what buildpacks inherit of the session's own environment."""
    return {name: value for name, value in environment.items() if name in _INHERITED or name in _PATH_LIKE}


def with_layers(environment: Environment, layers: Iterable[LayerEnvironment]) -> dict[str, bytes]:
    """Add finished layers, earliest first, so that a later layer's directories come before."""
    result = dict(environment)
    for layer in layers:
        for root, variables in _BUILD_ROOTS:
            if root in layer.roots:
                value = str(layer.path / root).encode()
                result = EnvDelta(changes=tuple(_prepend_path(name, value) for name in variables)).apply(result)
        for delta in layer.deltas:
            result = delta.apply(result)
    return result


def with_platform(environment: Environment, variables: Mapping[str, bytes]) -> dict[str, bytes]:
    """Add the user's variables: path lists are prepended, everything else replaces."""
    changes = tuple(
        _prepend_path(name, value)
        if name in _PATH_LIKE
        else EnvChange(name=name, action=EnvAction.OVERRIDE, value=value)
        for name, value in sorted(variables.items())
    )
    return EnvDelta(changes=changes).apply(environment)


def target_variables(target: Target) -> dict[str, bytes]:
    """Give the ``CNB_TARGET_*`` variables; what is unknown is not set."""
    distro = target.distro
    values = {
        "CNB_TARGET_OS": target.os,
        "CNB_TARGET_ARCH": target.arch,
        "CNB_TARGET_ARCH_VARIANT": target.variant,
        "CNB_TARGET_DISTRO_NAME": distro.name if distro else "",
        "CNB_TARGET_DISTRO_VERSION": distro.version if distro else "",
    }
    return {name: value.encode() for name, value in values.items() if value}


def _prepend_path(name: str, value: bytes) -> EnvChange:
    return EnvChange(name=name, action=EnvAction.PREPEND, value=value, delimiter=b":")
