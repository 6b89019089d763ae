"""Which apps are Go apps: those with go.mod, and those of the dependency managers that came before it.

The old ones pass so that the build can say what became of them and how to move, instead of nothing being detected.
"""

from __future__ import annotations

from pathlib import Path

from buildpacks.go.errors import LegacyManagerError
from buildpacks.go.go_mod import FILE
from buildpacks.sdk import names_in

# What the file is called, and who made it. Heroku ended its support for them in 2026.
_LEGACY = {
    "Gopkg.lock": "dep",
    "Godeps/Godeps.json": "godep",
    "vendor/vendor.json": "govendor",
    "glide.yaml": "glide",
}
_GB_SOURCES = "src"


def go_files(app_dir: Path) -> list[str]:
    """Give the files that make the app a Go app: go.mod alone, if it is there."""
    if (app_dir / FILE).is_file():
        return [FILE]
    found = [name for name in _LEGACY if (app_dir / name).is_file()]
    return found or _gb_sources(app_dir)


def check_manager(app_dir: Path) -> None:
    """Refuse an app without go.mod.

    Raises:
        LegacyManagerError: its files are those of a tool that is no longer maintained.
    """
    found = go_files(app_dir)
    if found != [FILE]:
        raise LegacyManagerError(file=found[0] if found else FILE, tool=_LEGACY.get(found[0], "gb") if found else "")


def _gb_sources(app_dir: Path) -> list[str]:
    """Find the first Go file below ``src``, as gb has it; the tree is walked only where there is such a directory."""
    if _GB_SOURCES not in names_in(app_dir):
        return []
    first = min((app_dir / _GB_SOURCES).glob("*/**/*.go"), default=None)
    return [first.relative_to(app_dir).as_posix()] if first else []
