"""Which package manager an app uses, told by the one file that decides it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from buildpacks.python.detect import MISSPELLED_REQUIREMENTS
from buildpacks.python.errors import (
    MultiplePackageManagersError,
    NoPackageManagerError,
    PipfileWithoutLockError,
    SetupPyOnlyError,
)
from buildpacks.sdk import names_in


class PackageManager(StrEnum):
    """A package manager this buildpack drives; the value is what logs call it."""

    PIP = "pip"
    PIPENV = "Pipenv"
    POETRY = "Poetry"
    UV = "uv"


_FILES = {
    "Pipfile.lock": PackageManager.PIPENV,
    "poetry.lock": PackageManager.POETRY,
    "requirements.txt": PackageManager.PIP,
    "uv.lock": PackageManager.UV,
}


def determine_package_manager(app_dir: Path) -> PackageManager:
    """Choose the package manager.

    Raises:
        MultiplePackageManagersError: more than one file decides.
        NoPackageManagerError, SetupPyOnlyError, PipfileWithoutLockError: none does, and what is there instead.
    """
    found = {name: manager for name, manager in _FILES.items() if (app_dir / name).is_file()}
    if len(found) > 1:
        raise MultiplePackageManagersError(found={name: str(manager) for name, manager in found.items()})
    if not found:
        raise _none_found(names_in(app_dir))
    return next(iter(found.values()))


def _none_found(names: tuple[str, ...]) -> Exception:
    if "Pipfile" in names:
        return PipfileWithoutLockError()
    misspelled = next((name for name in names if name in MISSPELLED_REQUIREMENTS), None)
    if misspelled is None and "setup.py" in names:
        return SetupPyOnlyError()
    return NoPackageManagerError(names=names, misspelled=misspelled)
