"""Compression of layers: each codec with the fixed recipe that makes its bytes reproducible.

Where ISA-L cannot be loaded, the standard library does the same, several times slower (docs/decisions/0018).
The bytes of a compressed layer depend on library, level and the size of the pieces it is fed, so all three are part
of the recipe (reference/builders.md §c "Reproducible compression"); ``recipe`` names it in caches.
"""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from lifecycle_py.oci.errors import CodecMissingError
from lifecycle_py.oci.model import MediaType

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

RECIPE_ANNOTATION = "io.offramp.compression.recipe"
BLOCK_SIZE = 1 << 20
GZIP_LEVEL = 2
ZLIB_LEVEL = 1
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
                if (isal := _isal("isal")) is not None:
                    return f"gzip isa-l {isal.ISAL_VERSION} level {GZIP_LEVEL}"
                import zlib

                return f"gzip zlib {zlib.ZLIB_RUNTIME_VERSION} level {ZLIB_LEVEL}"
            case Compression.ZSTD:
                return f"zstd {_zstd().zstd_version} level {ZSTD_LEVEL}"
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
            gzip_container = 16 + 15  # zlib's way to ask for a gzip header: time 0, no name
            if (isal_zlib := _isal("isal.isal_zlib")) is not None:
                return cast("Compressor", isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, gzip_container))
            import zlib

            return zlib.compressobj(ZLIB_LEVEL, zlib.DEFLATED, gzip_container)
        case Compression.ZSTD:
            return cast("Compressor", _zstd().ZstdCompressor(level=ZSTD_LEVEL))
        case Compression.NONE:
            return _Uncompressed()


def open_uncompressed(blob: BinaryIO) -> BinaryIO:
    """Give the tar inside a stored layer, whatever its compression; told by the first bytes, as Docker does.

    Closing it closes the blob, too.
    """
    magic = blob.read(4)
    blob.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return cast("BinaryIO", _Uncompressing(_open_gzip(blob), blob))
    if magic == b"\x28\xb5\x2f\xfd":
        return cast("BinaryIO", _Uncompressing(cast("BinaryIO", _zstd().ZstdFile(blob, mode="rb")), blob))
    return blob


def is_fast() -> bool:
    """Tell whether ISA-L is there."""
    return _isal("isal.isal_zlib") is not None


def _open_gzip(blob: BinaryIO) -> BinaryIO:
    igzip = _isal("isal.igzip")
    if igzip is not None:
        return cast("BinaryIO", igzip.open(blob, "rb"))
    import gzip

    return cast("BinaryIO", gzip.open(blob, "rb"))


def _isal(module: str) -> Any:
    """Give a module of the library, or None where its machine code cannot be loaded."""
    try:
        return import_module(module)
    except ImportError:
        return None


def _zstd() -> Any:
    """Give the codec, which the standard library has from Python 3.14 on."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        return import_module(name)
    except ImportError as error:
        raise CodecMissingError(codec="zstd", problem=str(error)) from error


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
