"""A cache that is an image in a store, as the reference lifecycle keeps it: its layers, and a label about them.

Facts: reference/cnb.md §b.8. Layers are read from the store when they are opened, and not before.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from lifecycle_py.caches.cache import CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.oci.errors import StoreCorruptError, StoreError
from lifecycle_py.oci.model import Descriptor, DiffId, History, Image, ImageConfig, Layer, MediaType, sha256
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.oci.verified_reader import open_verified
from lifecycle_py.spec.cache_metadata import CACHE_METADATA_LABEL, CacheMetadata
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import RecordedBuildpack, go_json
from lifecycle_py.spec.json_text import parse_json

_CREATED: Final = "1980-01-01T00:00:01Z"
_EMPTY_TAR: Final = bytes(1024)


class ImageCache:
    """Implements ``Cache``. What is there is asked once, until an update."""

    def __init__(self, store: ImageStore, reference: str) -> None:
        """Use the image ``reference`` of ``store``; nothing is asked yet."""
        self._store = store
        self._reference = reference
        self._contents: CacheContents | None = None

    def contents(self) -> CacheContents:
        """Read what there is. An image without the label, or a damaged one, is as good as none."""
        if self._contents is None:
            self._contents = self._read()
        return self._contents

    def open_layer(self, diff_id: DiffId) -> BinaryIO:
        """Open the tar of a layer, verified while it comes from the store."""
        layer = self.contents().layer(diff_id)
        if layer is None:
            raise CacheUnusableError(place=self._reference, problem=f"layer {diff_id} is not in it")
        try:
            return open_verified(layer, self._reference)
        except (StoreError, OSError) as error:
            raise CacheUnusableError(place=self._reference, problem=str(error)) from error

    def new_tar(self) -> Path | None:
        """Give nothing: stores keep blobs, which the exporter writes anyway."""
        return None

    @contextlib.contextmanager
    def update(self) -> Iterator[_Update]:
        """Gather the next contents and save them as the image at the end."""
        update = _Update()
        yield update
        metadata = CacheMetadata(sbom=update.sbom, buildpacks=tuple(update.buildpacks))
        try:
            self._store.save(_cache_image(metadata, tuple(update.layers.values())), [self._reference])
        except StoreError as error:
            raise CacheUnusableError(place=self._reference, problem=str(error)) from error
        self._contents = None

    def _read(self) -> CacheContents:
        try:
            found = self._store.find(self._reference)
        except StoreCorruptError:
            return CacheContents()
        except StoreError as error:
            raise CacheUnusableError(place=self._reference, problem=str(error)) from error
        if found is None:
            return CacheContents()
        try:
            metadata = CacheMetadata.from_json(parse_json(found.image.config.labels.get(CACHE_METADATA_LABEL, "")))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
            return CacheContents()
        named = set(metadata.diff_ids())
        layers = tuple(layer for layer in found.image.layers if layer.diff_id in named)
        return CacheContents(buildpacks=metadata.buildpacks, layers=layers, sbom=DiffId(metadata.sbom) or None)


class _Update:
    """Implements ``CacheUpdate``."""

    def __init__(self) -> None:
        self.buildpacks: list[RecordedBuildpack] = []
        self.layers: dict[DiffId, Layer] = {}
        self.sbom = ""

    def record(self, buildpack: RecordedBuildpack, layers: Sequence[Layer]) -> None:
        self.layers.update({layer.diff_id: layer for layer in layers})
        self.buildpacks.append(buildpack)

    def record_sbom(self, layer: Layer) -> None:
        self.layers[layer.diff_id] = layer
        self.sbom = layer.diff_id


def _cache_image(metadata: CacheMetadata, layers: tuple[Layer, ...]) -> Image:
    layers = layers or (_empty_layer(),)  # some registries refuse an image without layers
    config = ImageConfig(
        created=_CREATED,
        labels={CACHE_METADATA_LABEL: go_json(metadata.to_json())},
        history=(History(created=_CREATED, created_by=""),) * len(layers),
    )
    return Image(config=config, layers=layers)


def _empty_layer() -> Layer:
    digest = sha256(_EMPTY_TAR)
    blob = Descriptor(media_type=MediaType.LAYER, digest=digest, size=len(_EMPTY_TAR))
    return Layer(diff_id=DiffId(digest), blob=blob, open_blob=lambda: io.BytesIO(_EMPTY_TAR))
