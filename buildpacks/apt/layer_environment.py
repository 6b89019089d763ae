"""The environment that makes a layer's packages work: programs, libraries, headers, pkg-config, git. Pure.

Facts: reference/heroku.md §7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from buildpacks.sdk import LayerEnv

_TRIPLES = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


def multiarch(architecture: str) -> str:
    """Give the name of an architecture in Debian's library paths."""
    return _TRIPLES.get(architecture, f"{architecture}-linux-gnu")


def layer_environment(
    layer: Path, architecture: str, is_there: Callable[[str], bool], private: Iterable[str] = ()
) -> LayerEnv:
    """Give the changes for the rest of the build and for the app.

    Args:
        layer: where the packages are.
        architecture: that of the image, such as ``amd64``.
        is_there: tells whether a directory, relative to the layer, is there.
        private: further directories with libraries, which Debian makes known in other ways.
    """
    triple = multiarch(architecture)
    libraries = (f"usr/lib/{triple}", "usr/lib", *private)
    headers = (f"usr/include/{triple}", "usr/include")
    lists = {
        "PATH": ("usr/bin", "usr/sbin"),
        "LD_LIBRARY_PATH": libraries,
        "LIBRARY_PATH": libraries,
        "CPATH": headers,
        "CPPPATH": headers,
        "INCLUDE_PATH": headers,
        "PKG_CONFIG_PATH": (f"usr/lib/{triple}/pkgconfig", "usr/lib/pkgconfig", "usr/share/pkgconfig"),
    }
    env = LayerEnv()
    for name, directories in lists.items():
        value = ":".join(str(layer / directory) for directory in directories if is_there(directory))
        env = env.prepend(name, value) if value else env
    # git has the places of its helpers and templates compiled in.
    if is_there("usr/lib/git-core"):
        env = env.override("GIT_EXEC_PATH", layer / "usr/lib/git-core")
        env = env.override("GIT_TEMPLATE_DIR", layer / "usr/share/git-core/templates")
    return env


def private_libraries(layer: Path, architecture: str) -> tuple[str, ...]:
    """Find directories below the library path that hold shared libraries themselves, sorted, relative to the layer."""
    home = layer / "usr/lib" / multiarch(architecture)
    found = {file.parent for file in home.glob("*/**/lib*.so.*")}
    return tuple(sorted(str(directory.relative_to(layer)) for directory in found))
