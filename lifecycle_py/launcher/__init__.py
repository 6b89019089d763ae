"""The native launcher: the entrypoint of every app image, as a compiled file that the exporter puts into it.

Its C sources are in `source/`, `build` compiles them, and this module finds the result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, get_args

from lifecycle_py.launcher.errors import LauncherMissingError
from lifecycle_py.version import REFERENCE_VERSION

Architecture = Literal["amd64", "arm64"]

ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)

LAUNCHER_VERSION: Final = f"{REFERENCE_VERSION}-offramp.0.1.0"
"""The version recorded in an image's `io.buildpacks.build.metadata` label. Raise its end when the C sources change."""

_BINARIES: Final = Path(__file__).parent / "bin"


def launcher_file(arch: str) -> Path:
    """Return the compiled launcher for `arch` ("amd64" or "arm64") as an absolute path.

    Raises:
        LauncherMissingError: It was not compiled, or never is for this architecture.

    """
    path = binary_path(arch) if arch in ARCHITECTURES else None
    if path is None or not path.is_file():
        available = tuple(known for known in ARCHITECTURES if binary_path(known).is_file())
        raise LauncherMissingError(arch=arch, path=path, available=available)
    return path


def binary_path(arch: str) -> Path:
    """Return where the launcher for `arch` belongs, whether or not it is there."""
    return _BINARIES / f"linux-{arch}" / "launcher"
