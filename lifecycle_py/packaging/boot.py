"""Starts a phase out of the one file the lifecycle is: this, and a call of ``start``, is that file's ``__main__``.

Modules are in the file as ``modules/<tag>/<top-level name>``: a marshalled dict from module name to (is it a package,
code). One read finds all modules of a package; ``zipimport`` would need a directory entry for each, and would compile
those of other Python versions anew at every start. Extension modules cannot be loaded out of a file; each goes through
a file in memory.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - what runs it is whatever the build image has
    sys.exit(
        f"ERROR: the lifecycle needs python3, version 3.11 or newer; this build image has {sys.version.split()[0]}"
    )

import importlib
import importlib.abc
import importlib.machinery
import marshal
import os
from collections.abc import Callable, Mapping
from types import CodeType, ModuleType
from typing import IO, Any, cast

_TAG = str(sys.implementation.cache_tag)
_SOURCE = "source"


class ModulesInside(importlib.abc.Loader):
    """Finds and loads modules of this file. ``read`` gives the bytes of a member, or raises OSError."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._known: dict[str, Mapping[str, Any]] = {}
        self._files: list[IO[bytes]] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """Find a module; None leaves it to the others."""
        del path, target
        for tag in (_TAG, _SOURCE):
            found = self._members(f"modules/{tag}", name).get(name)
            if found is not None:
                return self._spec(name, *found)
        binary = self._members(f"native/{_TAG}-{os.uname().machine}", name).get(name)
        return None if binary is None else self._native(name, binary)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's code, which is compiled already, unless this Python is not one of those it was made for."""
        spec = cast("importlib.machinery.ModuleSpec", module.__spec__)
        stored: bytes | str = spec.loader_state
        code: CodeType = (
            marshal.loads(stored)  # noqa: S302 - this very file
            if isinstance(stored, bytes)
            else compile(stored, str(spec.origin), "exec", dont_inherit=True)
        )
        exec(code, module.__dict__)  # noqa: S102 - that is what importing is

    def _members(self, kind: str, name: str) -> Mapping[str, Any]:
        member = f"{kind}/{name.partition('.')[0]}"
        if member not in self._known:
            try:
                self._known[member] = marshal.loads(self._read(member))  # noqa: S302
            except OSError:
                self._known[member] = {}
        return self._known[member]

    def _spec(self, name: str, is_package: bool, stored: bytes | str) -> importlib.machinery.ModuleSpec:  # noqa: FBT001
        origin = name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        spec = importlib.machinery.ModuleSpec(name, self, origin=origin, loader_state=stored, is_package=is_package)
        spec.has_location = True
        return spec

    def _native(self, name: str, binary: bytes) -> importlib.machinery.ModuleSpec | None:
        try:
            file = os.fdopen(os.memfd_create(name), "wb")
            file.write(binary)
            file.flush()
        except OSError:  # this system gives none
            return None
        # Kept open: the dynamic linker knows libraries by their paths, so another one must not get this path.
        self._files.append(file)
        path = f"/proc/self/fd/{file.fileno()}"
        loader = importlib.machinery.ExtensionFileLoader(name, path)
        return importlib.machinery.ModuleSpec(name, loader, origin=path)


def start(entry: str) -> None:
    """Run ``main`` of a module inside of the file that runs now."""
    archive = sys.modules["__main__"].__loader__
    sys.meta_path.insert(0, ModulesInside(lambda member: archive.get_data(f"{archive.archive}/{member}")))  # type: ignore[union-attr]
    importlib.import_module(entry).main()
