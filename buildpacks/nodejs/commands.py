"""The commands of the package managers, with Heroku's options. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks.nodejs.layers.tools import ChosenTools
from buildpacks.nodejs.lock_files import LockFile, Manager

_BERRY, _OLD_NPM = 2, 6


def install_command(chosen: ChosenTools, lock: LockFile, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Give the command that installs every package, those for development too."""
    match chosen.manager:
        case Manager.NPM:
            clean = lock.name and settings.get("USE_NPM_INSTALL", "") != "true"
            old = int(chosen.main.version.partition(".")[0]) < _OLD_NPM
            return ("npm", "ci" if clean and not old else "install", "--production=false")
        case Manager.YARN if chosen.is_berry:
            return ("yarn", "install", *(("--immutable",) if lock.name else ()))
        case Manager.YARN:
            frozen = ("--frozen-lockfile",) if lock.name else ()
            return (
                "yarn",
                "install",
                "--production=false",
                *frozen,
                "--ignore-engines",
                "--prefer-offline",
                "--non-interactive",
            )
        case Manager.PNPM:
            return (
                "pnpm",
                "install",
                "--prod=false",
                *(("--frozen-lockfile",) if lock.name else ("--no-frozen-lockfile",)),
            )


def prune_command(chosen: ChosenTools) -> tuple[str, ...]:
    """Give the command that removes the packages for development; empty when the manager has none."""
    match chosen.manager:
        case Manager.NPM:
            return ("npm", "prune", "--omit=dev", "--ignore-scripts")
        case Manager.YARN if chosen.is_berry:
            is_four = int(chosen.main.version.partition(".")[0]) > _BERRY
            return ("yarn", "workspaces", "focus", "--all", "--production") if is_four else ()
        case Manager.YARN:
            offline = ("--offline", "--frozen-lockfile")
            return (
                "yarn",
                "install",
                "--production",
                *offline,
                "--ignore-engines",
                "--ignore-scripts",
                "--non-interactive",
            )
        case Manager.PNPM:
            return ("pnpm", "prune", "--prod", "--ignore-scripts")


def run_command(manager: Manager, script: str) -> tuple[str, ...]:
    """Give the command that runs a script of package.json."""
    return (str(manager), "run", script)
