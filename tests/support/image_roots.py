"""A root file system in a temporary directory, for tests of extending: commands run right here, as this user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lifecycle_py.in_place_root import InPlaceRoot, InPlaceRoots
from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.layer_untar import unpack_layer
from lifecycle_py.oci.model import Image


class DirectoryRoots:
    """Implements ``ImageRoots`` without isolation. ``opened`` counts how often an image was unpacked."""

    def __init__(self, directory: Path) -> None:
        """Unpack below ``directory``."""
        self.directory = directory
        self.opened = 0

    @contextmanager
    def open(self, image: Image) -> Iterator[InPlaceRoot]:
        """Unpack an image."""
        self.opened += 1
        tree = self.directory / str(self.opened)
        tree.mkdir(parents=True)
        for layer in image.layers:
            with layer.open_blob() as blob, open_uncompressed(blob) as tar:
                unpack_layer(tar, tree)
        with InPlaceRoots((), root=tree).open(image) as root:
            yield root


class DictImages:
    """Implements ``ExtendedImages`` in memory."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._images: dict[str, Image] = {}

    def find(self, key: str) -> Image | None:
        """Find an image that was kept."""
        return self._images.get(key)

    def keep(self, key: str, image: Image) -> None:
        """Keep an image."""
        self._images[key] = image
