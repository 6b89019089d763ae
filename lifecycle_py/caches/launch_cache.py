"""A store whose app layers are kept in a directory, so that a daemon need not give them back (``-launch-cache``).

Facts: reference/cnb.md §b.8. The directory has the form of a volume cache without its metadata; either lifecycle goes
on with what the other left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from lifecycle_py.caches.committed_tars import CommittedTars
from lifecycle_py.oci.errors import BlobCorruptError, StoreError
from lifecycle_py.oci.model import Descriptor, Digest, Image, Layer, MediaType
from lifecycle_py.oci.store import BringLayer, FoundImage, ImageStore, SavedImage
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import LIFECYCLE_METADATA_LABEL, LayersMetadata
from lifecycle_py.spec.json_text import parse_json


class LaunchCachedStore:
    """Implements ``ImageStore`` over one that gives layers back slowly, which is a Docker daemon."""

    def __init__(self, store: ImageStore, directory: Path, warn: Callable[[str], None]) -> None:
        """Keep the layers of app images saved in ``store`` in ``directory``; ``warn`` is told why not, if so."""
        self._store = store
        self._tars = CommittedTars(directory)
        self._warn = warn

    def find(self, reference: str) -> FoundImage | None:
        """Find an image; its layers that are kept are read from there."""
        found = self._store.find(reference)
        if found is None:
            return None
        with self._tars.unchanging():
            layers = tuple(self._kept(layer) for layer in found.image.layers)
        return dataclasses.replace(found, image=dataclasses.replace(found.image, layers=layers))

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        """Save an image, and then keep the layers above its run image in place of those kept before."""
        saved = self._store.save(image, references)
        try:
            with self._tars.update() as staging:
                for layer in app_layers(image):
                    staging.add(layer)
        except (OSError, StoreError, BlobCorruptError) as error:
            # The image is saved; without the cache, the next build only has to ask the daemon.
            self._warn(f"Launch layers are not kept in '{self._tars.directory}': {error}")
        return saved

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        """Leave it to the store."""
        return self._store.ahead(references)

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure that the store itself can be used."""
        self._store.check_access(reference, write=write)

    def _kept(self, layer: Layer) -> Layer:
        if not layer.is_tar:
            return layer  # whoever keeps compressed blobs gives them under those digests
        try:
            size = self._tars.size(layer.diff_id)
        except OSError:
            return layer
        if size is None:
            return layer
        blob = Descriptor(media_type=MediaType.LAYER, digest=Digest(layer.diff_id), size=size)
        path = self._tars.path(layer.diff_id)
        return dataclasses.replace(layer, blob=blob, open_blob=lambda: self._open(layer), file=path, tar=path)

    def _open(self, layer: Layer) -> BinaryIO:
        try:
            return self._tars.open(layer.diff_id)
        except OSError:
            return layer.open_blob()  # it was there a moment ago; another build has put its own in place


def app_layers(image: Image) -> tuple[Layer, ...]:
    """Give the layers above the run image; all of them, where the image's label does not say where that ends."""
    try:
        run_image = LayersMetadata.from_json(
            parse_json(image.config.labels.get(LIFECYCLE_METADATA_LABEL, ""))
        ).run_image
    except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
        return image.layers
    top = run_image.top_layer if run_image else ""
    diff_ids = [str(layer.diff_id) for layer in image.layers]
    return image.layers[diff_ids.index(top) + 1 :] if top in diff_ids else image.layers
