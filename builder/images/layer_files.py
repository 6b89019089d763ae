"""Reading a few files out of a layer, sure that they are what the layer's digest says."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator

from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.model import Layer
from lifecycle_py.oci.verified_reader import open_verified

_BLOCK = 1 << 20


def read_layer_files(layer: Layer, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Give the regular files of a layer whose path (without a leading slash) is wanted, by path.

    Raises:
        BlobCorruptError: the layer is not what its diff ID says.
        LayerArchiveError: it is no tar.
        StoreError: it cannot be read.
    """
    with open_verified(layer, "the image") as tar:
        try:
            with tarfile.open(fileobj=tar, mode="r|", bufsize=_BLOCK) as archive:
                found = dict(_files(archive, wanted))
        except tarfile.TarError as error:
            raise LayerArchiveError(problem=str(error)) from error
        while tar.read(_BLOCK):
            pass  # its end says whether it was damaged
    return found


def _files(archive: tarfile.TarFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        name = member.name.lstrip("/").removeprefix("./")
        if member.isreg() and wanted(name) and (file := archive.extractfile(member)) is not None:
            yield name, file.read()
