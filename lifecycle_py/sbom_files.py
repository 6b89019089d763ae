"""Bills of materials that buildpacks leave, brought to the places where image, cache and platform look for them.

Facts: reference/cnb.md §b.15; spec: buildpack.md "Software-Bill-of-Materials" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.caches.tree_pool import remove_tree
from lifecycle_py.errors import BuildpackOutputError
from lifecycle_py.layers_dir import LocalLayer
from lifecycle_py.session import Place
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.identifiers import directory_name

FORMATS = {
    "application/vnd.cyclonedx+json": "cdx.json",
    "application/spdx+json": "spdx.json",
    "application/vnd.syft+json": "syft.json",
}


_LIFECYCLE = "buildpacksio_lifecycle"


@dataclass(frozen=True, kw_only=True, slots=True)
class SbomFile:
    """A file a buildpack left in its layers directory ``root``, and where it goes, relative to ``<layers>/sbom``."""

    source: Place
    root: Place
    targets: tuple[str, ...]


def find_sbom_files(buildpack: Buildpack, layers: Sequence[LocalLayer], directory: Place) -> Iterator[SbomFile]:
    """Find ``launch.sbom.*``, ``build.sbom.*`` and ``<layer>.sbom.*``.

    Raises:
        BuildpackOutputError: a file has a format that buildpack.toml does not declare.
        UnsafeLinkError: a file leads out of the buildpack's layers directory.
    """
    name = directory_name(buildpack.id)
    for file, target in _targets(layers, directory):
        extension = file.name.partition(".sbom.")[2]
        declared = [FORMATS.get(media_type.partition(";")[0]) for media_type in buildpack.sbom_formats]
        if extension not in declared:
            problem = f"'{file.name}' is of a format that 'sbom-formats' in its buildpack.toml does not declare"
            raise BuildpackOutputError(buildpack=str(buildpack), problem=problem)
        source = directory / file.name
        source.checked(directory)
        yield SbomFile(
            source=source,
            root=directory,
            targets=tuple(str(Path(scope, name, below, f"sbom.{extension}")) for scope, below in target),
        )


def write_sbom_files(files: Sequence[SbomFile], sbom_directory: Path) -> None:
    """Copy the files below ``<layers>/sbom``, which is made anew.

    Only after the last buildpack ran: they may write to the layers directory, and a link left there would make the
    lifecycle overwrite a file of the host.
    """
    remove_tree(sbom_directory)
    for file in files:
        source = file.source.checked(file.root)
        for target in file.targets:
            destination = sbom_directory / target
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, destination)


def add_lifecycle_sboms(source: Path, sbom_directory: Path) -> None:
    """Add what the lifecycle itself brings: the launcher's files for the image, its own for the platform.

    Args:
        source: the directory with ``launcher.sbom.<ext>`` and ``lifecycle.sbom.<ext>``; either may be absent.
        sbom_directory: ``<layers>/sbom``.
    """
    places = {"launcher": Path("launch", _LIFECYCLE, "launcher"), "lifecycle": Path("build", _LIFECYCLE)}
    for program, below in places.items():
        for extension in FORMATS.values():
            file = source / f"{program}.sbom.{extension}"
            if file.is_file():
                destination = sbom_directory / below / f"sbom.{extension}"
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, destination)


def _targets(layers: Sequence[LocalLayer], directory: Place) -> Iterator[tuple[Path, list[tuple[str, str]]]]:
    """Give each SBOM file with the scopes it goes to and the directory below the buildpack's."""
    by_name = {layer.name: layer.types for layer in layers}
    for file in sorted(directory.host.glob("*.sbom.*")):
        owner = file.name.partition(".sbom.")[0]
        if owner in {"launch", "build"}:
            yield file, [(owner, "")]
        elif (types := by_name.get(owner)) is not None:  # type: ignore[call-overload]
            yield file, [(scope, owner) for scope in ("build", "cache", "launch") if getattr(types, scope)]
