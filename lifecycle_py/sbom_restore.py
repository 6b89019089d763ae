"""Bills of materials of restored layers, brought back beside them.

An SBOM layer holds ``<layers>/sbom/{launch,cache}/<buildpack>/<layer>/sbom.<extension>``: the cache's is restored with
the cached layers, the previous image's by the analyzer. From there each file goes to ``<layers>/<buildpack>/
<layer>.sbom.<extension>``, where its buildpack finds it and may leave it.

Facts: reference/cnb.md §b.7, §b.15; spec: buildpack.md "Software-Bill-of-Materials" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.tree_pool import remove_tree
from lifecycle_py.inputs import BuildUser, Directories, make_directory
from lifecycle_py.oci.errors import BlobCorruptError, LayerArchiveError, StoreError
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import DiffId, Image, Layer
from lifecycle_py.oci.verified_reader import open_verified
from lifecycle_py.output import Reporter
from lifecycle_py.sbom_files import FORMATS
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.identifiers import directory_name
from lifecycle_py.spec.image_labels import LayersMetadata

SbomScope = Literal["launch", "cache"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredSbom:
    """A bill of materials in ``<layers>/sbom``, and the file beside its layer that it becomes."""

    source: Path
    target: Path


def restore_previous_sbom(
    previous: Image, metadata: LayersMetadata, layers: Place, user: BuildUser, reporter: Reporter
) -> None:
    """Restore the bills of materials of an app image's launch layers to ``<layers>/sbom/launch``.

    Args:
        previous: the app image of the build before.
        metadata: what its label says.
        layers: the layers directory.
        user: who gets the files.
        reporter: is told when they cannot be read; the build goes on without them.
    """
    layer = sbom_layer(previous, metadata)
    if layer is None:
        return
    try:
        with open_verified(layer, "the previous image") as tar:
            unpack_sbom_layer(tar, layers, "launch", user)
    except (StoreError, BlobCorruptError, LayerArchiveError, OSError) as error:
        reporter.warning(f"Not restoring the bills of materials of the previous image: {error}")


def restore_cached_sbom(cache: Cache, diff_id: DiffId, layers: Place, user: BuildUser, reporter: Reporter) -> None:
    """Restore the bills of materials of cached layers to ``<layers>/sbom/cache``; a warning if they cannot be read."""
    try:
        with cache.open_layer(diff_id) as tar:
            unpack_sbom_layer(tar, layers, "cache", user)
    except (StoreError, CacheUnusableError, BlobCorruptError, LayerArchiveError, OSError) as error:
        reporter.warning(f"Not restoring the bills of materials of cached layers: {error}")


def sbom_layer(image: Image, metadata: LayersMetadata) -> Layer | None:
    """Find the layer of an app image that holds its launch layers' bills of materials."""
    return next((layer for layer in reversed(image.layers) if layer.diff_id == metadata.sbom), None)


def unpack_sbom_layer(tar: BinaryIO, layers: Place, scope: SbomScope, user: BuildUser) -> None:
    """Unpack an SBOM layer to ``<layers>/sbom/<scope>``, and nothing that it holds beside that.

    Args:
        tar: the uncompressed tar; verified, if it verifies itself while it is read.
        layers: the layers directory.
        scope: whose SBOM it is: the previous image's (launch) or the cache's.
        user: who gets the files.

    Raises:
        LayerArchiveError, BlobCorruptError, StoreError: it cannot be read; nothing of it is left.
    """
    make_directory((layers / "sbom").host, user)
    target = layers / "sbom" / scope
    remove_tree(target.host)
    make_directory(target.host, user)
    try:
        unpack_layer(tar, target.host, UnpackRules(prefix=str(target.inside), owner=user.host_owner))
    except BaseException:
        remove_tree(target.host)
        raise


def distribute_sboms(group: Group, directories: Directories, user: BuildUser) -> None:
    """Bring every bill of materials in ``<layers>/sbom`` to its layer, and delete that directory.

    Launch wins over cache where a layer has both. Only layers that were restored (their ``<layer>.toml`` is there) of
    buildpacks of the group get theirs.
    """
    for sbom in find_restored_sboms(group, directories):
        sbom.target.unlink(missing_ok=True)
        shutil.copyfile(sbom.source, sbom.target)
        if user.host_owner is not None:
            os.chown(sbom.target, user.host_owner.uid, user.host_owner.gid)
    remove_tree((directories.layers / "sbom").host)


def find_restored_sboms(group: Group, directories: Directories) -> Iterator[RestoredSbom]:
    """Find the bills of materials of restored layers; the cache's come first. No link is followed."""
    names = [f"sbom.{extension}" for extension in FORMATS.values()]
    for scope in ("cache", "launch"):
        for element in group.buildpacks:
            place = directories.layers_of(element).host
            for layer in _directories_in(directories.layers.host, ("sbom", scope, directory_name(element.id))):
                files = (layer / name for name in names if (place / f"{layer.name}.toml").is_file())
                for source in files:
                    if source.is_file() and not source.is_symlink():
                        yield RestoredSbom(source=source, target=place / f"{layer.name}.{source.name}")


def _directories_in(root: Path, names: Sequence[str]) -> list[Path]:
    """List the directories in one below ``root``, unless a link leads there: buildpacks have been at work here."""
    directory = root
    for name in names:
        directory /= name
        if directory.is_symlink() or not directory.is_dir():
            return []
    return sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())
