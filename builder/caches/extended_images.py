"""Base images as extensions changed them: a layout each, so that each can be seen and deleted by itself."""

from __future__ import annotations

from pathlib import Path

from builder.caches.in_use import mark_used
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image


class KeptExtendedImages:
    """Implements ``ExtendedImages`` over a directory. Blobs are linked from the local store where that can be."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it is made when the first image is kept."""
        self._directory = directory

    def find(self, key: str) -> Image | None:
        """Find an image, and note that it was used."""
        found = LayoutStore(self._directory / key).find_only()
        if found is None:
            return None
        mark_used(self._directory / key)
        return found.image

    def keep(self, key: str, image: Image) -> None:
        """Keep an image; its layout is there once its index is."""
        (self._directory / key).mkdir(parents=True, exist_ok=True)
        LayoutStore(self._directory / key).save(image, ["extended"])
