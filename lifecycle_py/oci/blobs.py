"""A directory of content-addressed blobs, and the single pass that turns a tar stream into one of them.

Every byte of a new layer is read once: while one core walks, reads and hashes the tar, the other compresses it, hashes
the result and writes it (hashlib and the codecs release the GIL). So divided, both have about the same to do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import queue
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Self

from lifecycle_py.oci.compression import BLOCK_SIZE, Compression, compressor
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.model import UNKNOWN_SIZE, Descriptor, DiffId, Digest, Layer

_QUEUED_BLOCKS: Final = 8  # bounds memory: 8 blocks of 1 MiB wait between reading and compressing
_ABANDONED_AFTER: Final = 3600  # seconds


class BlobDirectory:
    """``<root>/sha256/<hex>`` files. Files appear whole and are never changed, so many processes can share one."""

    def __init__(self, root: Path) -> None:
        """Use the directory ``root``; it is made when the first blob is written."""
        self.root = root

    def path(self, digest: Digest) -> Path:
        """Give where a blob is or would be."""
        algorithm, _, value = digest.partition(":")
        return self.root / algorithm / value

    def has(self, digest: Digest, size: int) -> bool:
        """Tell whether the blob is here, whole as far as its size says."""
        try:
            return size in {self.path(digest).stat().st_size, UNKNOWN_SIZE}
        except FileNotFoundError:
            return False

    def layer(self, diff_id: DiffId, blob: Descriptor) -> Layer:
        """Give a layer whose blob is in this directory."""
        file = self.path(blob.digest)
        return Layer(diff_id=diff_id, blob=blob, open_blob=lambda: file.open("rb"), file=file)

    def write_layer(
        self, chunks: Iterable[bytes], compression: Compression = Compression.GZIP, *, tar: Path | None = None
    ) -> Layer:
        """Store a tar stream as a layer blob in one pass, and on the same way uncompressed as the new file ``tar``.

        A blob that is already here is not written again: the temporary file is dropped. Where ``tar`` cannot be
        written, the layer is without it; it saves time, and no build fails for it.
        """
        copy = _Copy(tar)
        with self._temporary() as (file, temporary), copy:
            diff_hash, blob_hash, size = hashlib.sha256(), hashlib.sha256(), 0
            codec = compressor(compression)
            # Closed here: when writing fails, the producer must not live on in the traceback of the error.
            with contextlib.closing(_ahead(copy.of(_hashed(fixed_blocks(chunks), diff_hash)))) as blocks:
                for block in blocks:
                    size += _store(codec.compress(block), blob_hash, file)
            size += _store(codec.flush(), blob_hash, file)
            digest = Digest("sha256:" + blob_hash.hexdigest())
            self._keep(file, temporary, digest, size)
        blob = Descriptor(media_type=compression.media_type, digest=digest, size=size)
        layer = self.layer(DiffId("sha256:" + diff_hash.hexdigest()), blob)
        return dataclasses.replace(layer, tar=copy.written)

    def write_bytes(self, data: bytes) -> Digest:
        """Store bytes that are at hand, such as a config or manifest."""
        digest = Digest("sha256:" + hashlib.sha256(data).hexdigest())
        if not self.has(digest, len(data)):
            with self._temporary() as (file, temporary):
                file.write(data)
                self._keep(file, temporary, digest, len(data))
        return digest

    def take(self, layer: Layer) -> Layer:
        """Bring a layer's blob in: linked where it is a file of the same file system, else copied and verified.

        Gives the layer as it is here, its size known.

        Raises:
            BlobCorruptError: the copied bytes are not what the descriptor says.
        """
        if not self.has(layer.blob.digest, layer.blob.size):
            self._bring(layer)
        size = self.path(layer.blob.digest).stat().st_size
        return self.layer(layer.diff_id, dataclasses.replace(layer.blob, size=size))

    def _bring(self, layer: Layer) -> None:
        target = self.path(layer.blob.digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        if layer.file is not None:
            with contextlib.suppress(OSError):
                os.link(layer.file, target)
                return
        with self._temporary() as (file, temporary), layer.open_blob() as blob:
            read_hash, size = hashlib.sha256(), 0
            while chunk := blob.read(BLOCK_SIZE):
                size += _store(chunk, read_hash, file)
            actual = Digest("sha256:" + read_hash.hexdigest())
            if actual != layer.blob.digest or layer.blob.size not in {size, UNKNOWN_SIZE}:
                raise BlobCorruptError(place=str(layer.file or self.root), expected=layer.blob.digest, actual=actual)
            self._keep(file, temporary, actual, size)

    def remove_abandoned(self) -> None:
        """Remove the partial blobs of processes that were killed: nobody has written to them for an hour."""
        oldest = time.time() - _ABANDONED_AFTER
        for file in self.root.glob(".partial-*"):
            with contextlib.suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[BinaryIO, Path]]:
        """Open a temporary file beside the blobs; it is gone afterwards unless it was kept."""
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".partial-", dir=self.root)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file, temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self, file: BinaryIO, temporary: Path, digest: Digest, size: int) -> None:
        if self.has(digest, size):
            return
        file.flush()
        os.fsync(file.fileno())  # an index that survives a power cut must not name a blob that does not
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(target)


class _Copy:
    """A file that a stream is copied to while it goes by; given up at the first failure."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.written: Path | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._file = self._path.open("xb")
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:
            self._give_up()
            return
        try:
            if self._file is not None:
                self._file.close()
                self.written = self._path
        except OSError:
            self._give_up()

    def of(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            try:
                if self._file is not None:
                    self._file.write(block)
            except OSError:
                self._give_up()
            yield block

    def _give_up(self) -> None:
        if self._file is not None and self._path is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None


def fixed_blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream into blocks of exactly ``BLOCK_SIZE``; only the last may be shorter."""
    waiting: list[bytes] = []
    length = 0
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        if length < BLOCK_SIZE:
            continue
        joined = b"".join(waiting)
        whole = length - length % BLOCK_SIZE
        yield from (joined[start : start + BLOCK_SIZE] for start in range(0, whole, BLOCK_SIZE))
        waiting = [joined[whole:]]
        length -= whole
    if length:
        yield b"".join(waiting)


def _hashed(blocks: Iterable[bytes], running_hash: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        running_hash.update(block)
        yield block


def _store(data: bytes, running_hash: hashlib._Hash, file: BinaryIO) -> int:
    running_hash.update(data)
    return file.write(data)


def _ahead(blocks: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Run a producer in a thread of its own, a bounded number of blocks ahead; its error is raised here."""
    ready: queue.Queue[bytes | BaseException | None] = queue.Queue(_QUEUED_BLOCKS)
    abandoned = threading.Event()

    def produce() -> None:
        outcome: BaseException | None = None
        try:
            for block in blocks:
                ready.put(block)
                if abandoned.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it
            outcome = error
        ready.put(outcome)

    producer = threading.Thread(target=produce, name="layer-tar", daemon=True)
    producer.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        abandoned.set()
        # An empty queue has room for all that the producer may still put: a block, and how it ended.
        with contextlib.suppress(queue.Empty):
            while True:
                ready.get_nowait()
        producer.join()
