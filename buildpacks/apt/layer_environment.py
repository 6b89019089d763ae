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
    layer: Path, architecture: str, find: Callable[[str], tuple[str, ...]], private: Iterable[str] = ()
) -> LayerEnv:
    """Give the changes for the rest of the build and for the app.

    Args:
        layer: where the packages are.
        architecture: that of the image, such as ``amd64``.
        find: gives the directories of the layer that a pattern matches, relative to the layer.
        private: further directories with libraries, which Debian makes known in other ways.
    """
    triple = multiarch(architecture)
    env = LayerEnv()
    for name, patterns in _lists(triple, tuple(private)).items():
        value = ":".join(str(layer / directory) for pattern in patterns for directory in find(pattern))
        env = env.prepend(name, value) if value else env
    for name, pattern in _compiled_in(triple).items():
        for directory in find(pattern)[-1:]:
            env = env.override(name, layer / directory)
    return env


def find_directories(layer: Path, pattern: str) -> tuple[str, ...]:
    """Give the directories of a layer that a pattern matches, sorted."""
    found = (path for path in layer.glob(pattern) if path.is_dir())
    return tuple(sorted(str(path.relative_to(layer)) for path in found))


def private_libraries(layer: Path, architecture: str) -> tuple[str, ...]:
    """Find directories below the library path that hold shared libraries themselves, sorted, relative to the layer."""
    home = layer / "usr/lib" / multiarch(architecture)
    found = {file.parent for file in home.glob("*/**/lib*.so.*")}
    return tuple(sorted(str(directory.relative_to(layer)) for directory in found))


def _lists(triple: str, private: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Give the variables that are lists of directories, best first."""
    libraries = (f"usr/lib/{triple}", "usr/lib", *private)
    headers = (f"usr/include/{triple}", "usr/include")
    return {
        "PATH": ("usr/bin", "usr/sbin"),
        "LD_LIBRARY_PATH": libraries,
        "LIBRARY_PATH": libraries,
        "CPATH": headers,
        "CPPPATH": headers,
        "INCLUDE_PATH": headers,
        "PKG_CONFIG_PATH": (f"usr/lib/{triple}/pkgconfig", "usr/lib/pkgconfig", "usr/share/pkgconfig"),
        # Where the run image's perl does not look.
        "PERL5LIB": (
            *("usr/share/perl5", f"usr/lib/{triple}/perl5/5.*"),
            *(f"usr/lib/{triple}/perl/5.*.*", "usr/share/perl/5.*.*"),
        ),
    }


def _compiled_in(triple: str) -> dict[str, str]:
    """Give the variables that lead programs to places they have compiled in otherwise."""
    return {
        "GIT_EXEC_PATH": "usr/lib/git-core",
        "GIT_TEMPLATE_DIR": "usr/share/git-core/templates",
        "FIGLET_FONTDIR": "usr/share/figlet",
        "MAGICK_CONFIGURE_PATH": "etc/ImageMagick-*",
        "MAGICK_CODER_MODULE_PATH": f"usr/lib/{triple}/ImageMagick-*/modules-*/coders",
        "MAGICK_FILTER_MODULE_PATH": f"usr/lib/{triple}/ImageMagick-*/modules-*/filters",
    }
