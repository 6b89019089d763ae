"""The buildpacks and extensions there are, found by id and version and read when an order names them.

Spec: platform.md "Buildpacks Directory Layout" (buildpacks/spec@b745fcf). A descriptor no order names is never read,
so that a foreign buildpack beside ours that nobody uses cannot break a build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lifecycle_py.errors import BuildpackMissingError
from lifecycle_py.inputs import Directories
from lifecycle_py.spec.buildpack_toml import Buildpack, read_buildpack, read_extension
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.identifiers import directory_name
from lifecycle_py.spec.order_toml import OrderElement


class Shelf:
    """One kind of them: the directories ``<id with / as _>/<version>`` of one place."""

    def __init__(self, versions: Iterable[tuple[str, str]], read: Callable[[str, str], Buildpack]) -> None:
        """Take (directory name of the id, version) of each, and how one of them is read."""
        self._versions = sorted(versions)
        self._read = read
        self._known: dict[tuple[str, str], Buildpack] = {}

    def find(self, element: OrderElement) -> Buildpack:
        """Find what an element names; without a version, the only one of that id.

        Raises:
            BuildpackMissingError: there is none, or several and no version says which.
        """
        name = directory_name(element.id)
        matching = [one for one in self._versions if one[0] == name and element.version in {"", one[1]}]
        if len(matching) != 1:
            raise BuildpackMissingError(buildpack=str(element), known=tuple(self._names()))
        return self._get(matching[0])

    def _get(self, key: tuple[str, str]) -> Buildpack:
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _names(self) -> Iterator[str]:
        for key in self._versions:
            try:
                yield str(self._get(key))
            except ExplainedError:  # not the one that was looked for: its directory's name will do
                yield "@".join(key)


class Catalog:
    """Buildpacks and extensions, which may have the same ids."""

    def __init__(self, buildpacks: Shelf, extensions: Shelf) -> None:
        """Take a shelf of each."""
        self._buildpacks = buildpacks
        self._extensions = extensions

    def find(self, element: OrderElement) -> Buildpack:
        """Find a buildpack; see ``Shelf.find``."""
        return self._buildpacks.find(element)

    def find_extension(self, element: OrderElement) -> Buildpack:
        """Find an extension; see ``Shelf.find``."""
        return self._extensions.find(element)


def catalog_of(buildpacks: Iterable[Buildpack]) -> Catalog:
    """Make a catalog of descriptors already read."""
    every = list(buildpacks)
    return Catalog(
        *(_shelf_of([one for one in every if one.extension is extension]) for extension in (False, True)),
    )


def open_catalog(directories: Directories) -> Catalog:
    """Look what is in the buildpacks and the extensions directory."""
    return Catalog(
        _open_shelf(directories.buildpacks.host, "buildpack.toml", read_buildpack),
        _open_shelf(directories.extensions.host, "extension.toml", read_extension),
    )


def _shelf_of(descriptors: list[Buildpack]) -> Shelf:
    by_key = {(directory_name(one.id), one.version): one for one in descriptors}
    return Shelf(by_key, lambda name, version: by_key[name, version])


def _open_shelf(directory: Path, file: str, read: Callable[[Path], Buildpack]) -> Shelf:
    found = directory.glob(f"*/*/{file}")
    return Shelf(
        ((path.parent.parent.name, path.parent.name) for path in found),
        lambda name, version: read(directory / name / version),
    )
