"""A stream that is compared with its digest while it is read, so that nothing is read twice to be sure of it."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.spec.errors import ExplainedError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from lifecycle_py.oci.model import Layer

_BUFFER = 1 << 16  # larger pieces come from the system each time, which costs more than reading them


def verified(stream: BinaryIO, digest: str, place: str, *, on_damage: Callable[[], None] | None = None) -> BinaryIO:
    """Give a stream whose end raises unless all that was read has ``digest``; closing it closes the stream.

    Args:
        stream: at its beginning.
        digest: ``sha256:<hex>`` or ``sha512:<hex>``.
        place: where it comes from, for the error.
        on_damage: called before the error is raised.

    Reading raises BlobCorruptError in place of the end of the stream. Who stops before the end has verified nothing.
    """
    return cast("BinaryIO", io.BufferedReader(_VerifiedReader(stream, digest, place, on_damage), _BUFFER))


def open_verified(layer: Layer, place: str) -> BinaryIO:
    """Open the uncompressed tar of a layer, compared with its diff ID while it is read."""
    return verified(open_uncompressed(layer.open_blob()), layer.diff_id, place)


def open_verified_blob(
    blob: BinaryIO, digest: str, place: str, *, on_damage: Callable[[], None] | None = None
) -> BinaryIO:
    """Open the uncompressed tar in a blob, which is compared with its digest while it is read.

    That is cheaper than ``open_verified`` by as much as the blob is smaller.
    """
    raw = verified(blob, digest, place, on_damage=on_damage)
    return cast("BinaryIO", io.BufferedReader(_BlobReader(open_uncompressed(raw), raw), _BUFFER))


class _VerifiedReader(io.RawIOBase):
    """Reads forward; may go back to the start, as a look at the first bytes does."""

    def __init__(self, stream: BinaryIO, digest: str, place: str, on_damage: Callable[[], None] | None) -> None:
        self._stream = stream
        self._digest = digest
        self._place = place
        self._on_damage = on_damage
        self._begin()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._position
        if whence == io.SEEK_END or offset not in {0, self._position}:
            raise io.UnsupportedOperation("a stream that is verified is read from its start")
        if offset != self._position:
            self._stream.seek(0)
            self._begin()
        return offset

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        if not data and len(view):
            self._verify(f"{self._algorithm}:{self._hash.hexdigest()}")
        self._hash.update(data)
        self._position += len(data)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _begin(self) -> None:
        self._position = 0
        self._algorithm = self._digest.partition(":")[0]
        self._hash = hashlib.new(self._algorithm)

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except ExplainedError:
            raise
        except Exception as error:
            # What a codec says about damage comes in many types.
            raise BlobCorruptError(place=self._place, expected=self._digest, actual=f"unknown ({error})") from error

    def _verify(self, actual: str) -> None:
        if actual != self._digest:
            if self._on_damage is not None:
                with contextlib.suppress(OSError):
                    self._on_damage()
            raise BlobCorruptError(place=self._place, expected=self._digest, actual=actual)


class _BlobReader(io.RawIOBase):
    """Reads what a codec makes of a verified blob; what the codec refuses is told as the blob's damage it is."""

    def __init__(self, tar: BinaryIO, blob: BinaryIO) -> None:
        self._tar = tar
        self._blob = blob

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._tar.read(len(view))
        except ExplainedError:
            raise
        except Exception:
            while self._blob.read(_BUFFER):
                pass  # at its end it raises what is wrong with it
            raise
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._tar.close()
        super().close()
