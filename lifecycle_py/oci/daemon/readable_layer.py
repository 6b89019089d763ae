"""A layer in a form that every Docker daemon with a graph driver reads: those before version 23 know no zstd."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from lifecycle_py.oci.compression import BLOCK_SIZE, open_uncompressed
from lifecycle_py.oci.model import Descriptor, Digest, Layer, MediaType

_READ_BY_ALL: Final = frozenset({MediaType.LAYER.value, MediaType.LAYER_GZIP.value})


def readable_layer(layer: Layer, directory: Path) -> Layer:
    """Give the layer, uncompressed to a file of ``directory`` where that is needed."""
    if layer.blob.media_type in _READ_BY_ALL:
        return layer
    file = directory / layer.diff_id
    with layer.open_blob() as blob, open_uncompressed(blob) as tar, file.open("wb") as target:
        shutil.copyfileobj(tar, target, BLOCK_SIZE)
    blob_entry = Descriptor(media_type=MediaType.LAYER, digest=Digest(layer.diff_id), size=file.stat().st_size)
    return Layer(diff_id=layer.diff_id, blob=blob_entry, open_blob=lambda: file.open("rb"), file=file)
