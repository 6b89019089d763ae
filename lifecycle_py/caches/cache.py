"""The Cache port: layers that a later build of the same app may restore."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from lifecycle_py.oci.model import DiffId, Layer
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.image_labels import RecordedBuildpack


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheContents:
    """What a cache holds: cached layers by buildpack, and the stored form of each.

    ``sbom`` is the layer of their bills of materials, which is among ``layers``, too.
    """

    buildpacks: tuple[RecordedBuildpack, ...] = ()
    layers: tuple[Layer, ...] = ()
    sbom: DiffId | None = None

    def buildpack(self, buildpack_id: BuildpackId) -> RecordedBuildpack | None:
        """Find what is cached for a buildpack."""
        return next((one for one in self.buildpacks if one.id == buildpack_id), None)

    def layer(self, diff_id: str) -> Layer | None:
        """Find the stored form of a layer."""
        return next((layer for layer in self.layers if layer.diff_id == diff_id), None)


class CacheUpdate(Protocol):
    """The next contents of a cache, being gathered."""

    def record(self, buildpack: RecordedBuildpack, layers: Sequence[Layer]) -> None:
        """Keep these layers of a buildpack; contents the cache has already are not written again."""
        ...

    def record_sbom(self, layer: Layer) -> None:
        """Keep the layer of the cached layers' bills of materials (``<layers>/sbom/cache``)."""
        ...


class Cache(Protocol):
    """**Port.** Our own directory, the reference lifecycle's directory, an image in a store."""

    def contents(self) -> CacheContents:
        """Read what there is; an absent or unusable cache is empty.

        Raises:
            CacheUnusableError: the cache exists but may not be read.
        """
        ...

    def open_layer(self, diff_id: DiffId) -> BinaryIO:
        """Open the uncompressed tar of a cached layer, verified against its digest while it is read.

        Reading may raise BlobCorruptError, at the end at the latest, or StoreError where the cache is in a store.

        Raises:
            CacheUnusableError: it is not there, or cannot be opened.
        """
        ...

    def new_tar(self) -> Path | None:
        """Give the name of a file to write a new layer's uncompressed tar to while its blob is made.

        ``CacheUpdate.record`` takes such a layer (``Layer.tar``) without another pass. The file is the cache's, and
        gone after the next update. None where the cache keeps blobs.
        """
        ...

    def update(self) -> AbstractContextManager[CacheUpdate]:
        """Replace the contents: all at the end of the block, or nothing when it raises."""
        ...
