"""Environment changes of a layer: for the rest of the build, for the running app, for both, or for one process.

A ``LayerEnv`` is a value: its methods give a new one. It becomes the ``env*`` directories of a layer, and it can be
applied to the environment of the commands that this same build still runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from lifecycle_py.spec.env_delta import EnvAction, EnvChange, EnvDelta

# As os.environ: text whose undecodable bytes are kept as surrogates, so nothing is lost on the way to a program.
Environment: TypeAlias = Mapping[str, str]
Value: TypeAlias = str | Path


class Scope(StrEnum):
    """When a change applies; the value is the directory that says so."""

    BOTH = "env"
    BUILD = "env.build"
    LAUNCH = "env.launch"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopedChange:
    """A change, its scope, and the process type it is for (empty: all of them; launch only)."""

    change: EnvChange
    scope: Scope
    process: str = ""

    @property
    def directory(self) -> str:
        """Give the directory of the layer that holds the change's files."""
        return f"{self.scope}/{self.process}" if self.process else str(self.scope)


@dataclass(frozen=True, slots=True)
class LayerEnv:
    """The changes one layer makes."""

    changes: tuple[ScopedChange, ...] = ()

    def override(self, name: str, value: Value, scope: Scope = Scope.BOTH, process: str = "") -> LayerEnv:
        """Set the variable whatever it was."""
        return self._with(EnvChange(name=name, action=EnvAction.OVERRIDE, value=_encode(value)), scope, process)

    def default(self, name: str, value: Value, scope: Scope = Scope.BOTH, process: str = "") -> LayerEnv:
        """Set the variable unless the user, or an earlier layer, did."""
        return self._with(EnvChange(name=name, action=EnvAction.DEFAULT, value=_encode(value)), scope, process)

    def prepend(self, name: str, value: Value, scope: Scope = Scope.BOTH, delimiter: str = ":") -> LayerEnv:
        """Put the value before what is there."""
        change = EnvChange(name=name, action=EnvAction.PREPEND, value=_encode(value), delimiter=os.fsencode(delimiter))
        return self._with(change, scope)

    def append(self, name: str, value: Value, scope: Scope = Scope.BOTH, delimiter: str = ":") -> LayerEnv:
        """Put the value after what is there."""
        change = EnvChange(name=name, action=EnvAction.APPEND, value=_encode(value), delimiter=os.fsencode(delimiter))
        return self._with(change, scope)

    def apply(self, scope: Scope, environment: Environment, *, process: str = "") -> dict[str, str]:
        """Give the environment as it is after these changes, in the order the specification applies them."""
        wanted = [str(Scope.BOTH), str(scope)] + ([f"{scope}/{process}"] if process else [])
        result = {name: os.fsencode(value) for name, value in environment.items()}
        for directory in wanted:
            result = EnvDelta.from_files(self.files().get(directory, {})).apply(result)
        return {name: os.fsdecode(value) for name, value in result.items()}

    def files(self) -> dict[str, dict[str, bytes]]:
        """Give the files that express the changes: directory → file name → contents."""
        directories: dict[str, tuple[EnvChange, ...]] = {}
        for scoped in self.changes:
            directories[scoped.directory] = (*directories.get(scoped.directory, ()), scoped.change)
        return {directory: EnvDelta(changes=changes).to_files() for directory, changes in sorted(directories.items())}

    def _with(self, change: EnvChange, scope: Scope, process: str = "") -> LayerEnv:
        return replace(self, changes=(*self.changes, ScopedChange(change=change, scope=scope, process=process)))


# What the specification derives from the directories of a layer, without a file: directory → variables.
_BUILD_PATHS = {
    "bin": ("PATH",),
    "lib": ("LD_LIBRARY_PATH", "LIBRARY_PATH"),
    "include": ("CPATH",),
    "pkgconfig": ("PKG_CONFIG_PATH",),
}
_LAUNCH_PATHS = {"bin": ("PATH",), "lib": ("LD_LIBRARY_PATH",)}


def implicit_env(layer_path: Path) -> LayerEnv:
    """Give the changes that ``bin``, ``lib``, ``include`` and ``pkgconfig`` of a layer make by being there.

    Spec: buildpack.md "Layer Paths" (buildpacks/spec@b745fcf).
    """
    result = LayerEnv()
    for scope, paths in ((Scope.BUILD, _BUILD_PATHS), (Scope.LAUNCH, _LAUNCH_PATHS)):
        for directory, names in paths.items():
            if (layer_path / directory).is_dir():
                for name in names:
                    result = result.prepend(name, layer_path / directory, scope)
    return result


def _encode(value: Value) -> bytes:
    return os.fsencode(value)
