"""Compression of layers: each codec with the fixed recipe that makes its bytes reproducible.

The bytes of a compressed layer depend on library, level and the size of the pieces it is fed, so all three are part
of the recipe (reference/builders.md §c "Reproducible compression"); ``recipe`` names it in caches.
"""

from __future__ import annotations

import io
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from lifecycle_py.oci.model import MediaType

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RECIPE_ANNOTATION = "io.offramp.compression.recipe"
BLOCK_SIZE = 1 << 20
GZIP_LEVEL = 2
ZSTD_LEVEL = 3


class Compression(StrEnum):
    """How a layer blob is compressed."""

    GZIP = "gzip"
    ZSTD = "zstd"
    NONE = "none"

    @property
    def media_type(self) -> MediaType:
        """Give the media type of a layer compressed so."""
        return _MEDIA_TYPES[self]

    @property
    def recipe(self) -> str:
        """Name everything the compressed bytes depend on, so that a cache never mixes recipes."""
        match self:
            case Compression.GZIP:
                from isal import ISAL_VERSION

                return f"gzip isa-l {ISAL_VERSION} level {GZIP_LEVEL}"
            case Compression.ZSTD:
                from backports import zstd

                return f"zstd {zstd.zstd_version} level {ZSTD_LEVEL}"
            case Compression.NONE:
                return "none"


_MEDIA_TYPES = {
    Compression.GZIP: MediaType.LAYER_GZIP,
    Compression.ZSTD: MediaType.LAYER_ZSTD,
    Compression.NONE: MediaType.LAYER,
}


class Compressor(Protocol):
    """An incremental compressor, as the codecs' libraries have it. Fed blocks of ``BLOCK_SIZE``, the last shorter."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a block and give what is ready."""
        ...

    def flush(self) -> bytes:
        """Give the rest."""
        ...


class _Uncompressed:
    def compress(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def compressor(compression: Compression) -> Compressor:
    """Make a compressor by the recipe."""
    match compression:
        case Compression.GZIP:
            from isal import isal_zlib

            gzip_container = 16 + 15  # zlib's way to ask for a gzip header: time 0, no name
            return cast("Compressor", isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, gzip_container))
        case Compression.ZSTD:
            from backports import zstd

            return cast("Compressor", zstd.ZstdCompressor(level=ZSTD_LEVEL))
        case Compression.NONE:
            return _Uncompressed()


def open_uncompressed(blob: BinaryIO) -> BinaryIO:
    """Give the tar inside a stored layer, whatever its compression; told by the first bytes, as Docker does.

    Closing it closes the blob, too.
    """
    magic = blob.read(4)
    blob.seek(0)
    if magic[:2] == b"\x1f\x8b":
        from isal import igzip

        return cast("BinaryIO", _Uncompressing(igzip.open(blob, "rb"), blob))  # type: ignore[no-untyped-call]
    if magic == b"\x28\xb5\x2f\xfd":
        from backports import zstd

        return cast("BinaryIO", _Uncompressing(cast("BinaryIO", zstd.ZstdFile(blob, mode="rb")), blob))
    return blob


class _Uncompressing(io.RawIOBase):
    """What a codec reads, together with the file it reads from: codecs leave that open."""

    def __init__(self, reader: BinaryIO, blob: BinaryIO) -> None:
        self._reader = reader
        self._blob = blob

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._reader.read(-1 if size is None else size)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._reader.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._reader.close()
        self._blob.close()
        super().close()
