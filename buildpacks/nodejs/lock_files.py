"""Which package manager an app uses: the lock file says so, or the field ``packageManager``. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from buildpacks.nodejs.errors import ManagerMismatchError, MultipleLockFilesError
from buildpacks.nodejs.package_json import PackageJson


class Manager(StrEnum):
    """A package manager; the value is its program."""

    NPM = "npm"
    YARN = "yarn"
    PNPM = "pnpm"


LOCK_FILES = {
    "package-lock.json": Manager.NPM,
    "npm-shrinkwrap.json": Manager.NPM,
    "yarn.lock": Manager.YARN,
    "pnpm-lock.yaml": Manager.PNPM,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LockFile:
    """The app's manager, and its lock file, or an empty name."""

    manager: Manager
    name: str


def find_lock_file(names: Collection[str], package: PackageJson) -> LockFile:
    """Find the one lock file.

    Raises:
        MultipleLockFilesError: there are several, of different managers.
        ManagerMismatchError: ``packageManager`` names another manager than the lock file's.
    """
    found = [name for name in LOCK_FILES if name in names]
    managers = {LOCK_FILES[name] for name in found}
    if len(managers) > 1:
        raise MultipleLockFilesError(names=tuple(found))
    pinned = Manager(package.manager.name) if package.manager else None
    if not found:
        return LockFile(manager=pinned or _by_engines(package), name="")
    manager = LOCK_FILES[found[0]]
    if pinned and pinned is not manager:
        raise ManagerMismatchError(lock=found[0], manager=str(pinned))
    # npm prefers the one that is published with packages.
    return LockFile(manager=manager, name=next((name for name in found if "shrinkwrap" in name), found[0]))


def _by_engines(package: PackageJson) -> Manager:
    return next((one for one in (Manager.PNPM, Manager.YARN) if one in package.engines), Manager.NPM)
