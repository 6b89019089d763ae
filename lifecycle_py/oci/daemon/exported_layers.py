"""The layers of an image in a daemon. It gives all of them or none, so they are fetched at once, when one is opened.

They go through to a directory for the time the image is in use; nothing of it is held in memory.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from lifecycle_py.oci.compression import BLOCK_SIZE, open_uncompressed
from lifecycle_py.oci.daemon.engine import DockerEngine
from lifecycle_py.oci.errors import StoreCorruptError, StoreUnusableError
from lifecycle_py.oci.model import DiffId

_COMPRESSED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


class ExportedLayers:
    """Fetches an image's layers once, each recognised and verified by its own digest."""

    def __init__(self, engine: DockerEngine, image_id: str, wanted: frozenset[DiffId]) -> None:
        """Promise the layers ``wanted`` of an image; nothing is fetched yet."""
        self._engine = engine
        self._image_id = image_id
        self._wanted = wanted
        self._lock = threading.Lock()
        self._directory: Path | None = None

    def open(self, diff_id: DiffId) -> BinaryIO:
        """Give a layer's uncompressed tar.

        Raises:
            StoreCorruptError: the daemon did not give it.
            StoreUnusableError: there is no room for the layers.
        """
        with self._lock:
            if self._directory is None:
                self._directory = self._fetch()
        try:
            return (self._directory / diff_id).open("rb")
        except FileNotFoundError as error:
            problem = f"image {self._image_id}: layer {diff_id} is not in what the daemon gave"
            raise StoreCorruptError(place=self._engine.host, problem=problem) from error

    def _fetch(self) -> Path:
        directory = Path(tempfile.mkdtemp(prefix="offramp-layers-"))
        weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        stream = io.BufferedReader(_Chunks(self._engine.export(self._image_id)), BLOCK_SIZE)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isreg() else None
                    if file is not None:
                        self._keep(file, directory)
        except tarfile.TarError as error:
            problem = f"image {self._image_id}: the archive the daemon gave cannot be read: {error}"
            raise StoreCorruptError(place=self._engine.host, problem=problem) from error
        except OSError as error:
            raise StoreUnusableError(place=str(directory), problem=error.strerror or str(error)) from error
        return directory

    def _keep(self, source: IO[bytes], directory: Path) -> None:
        """Keep a file of the archive if it is a layer, under its diff ID."""
        partial = directory / "partial"
        digest = _copy(source, partial)
        with partial.open("rb") as blob:
            compressed = blob.read(4).startswith(_COMPRESSED)
        if compressed:  # as the containerd image store gives them
            with partial.open("rb") as blob, open_uncompressed(blob) as tar:
                digest = _copy(tar, directory / "uncompressed")
            (directory / "uncompressed").replace(partial)
        if digest in self._wanted:
            partial.replace(directory / digest)


def _copy(source: IO[bytes], target: Path) -> DiffId:
    running_hash = hashlib.sha256()
    with target.open("wb") as file:
        while chunk := source.read(BLOCK_SIZE):
            running_hash.update(chunk)
            file.write(chunk)
    return DiffId("sha256:" + running_hash.hexdigest())


class _Chunks(io.RawIOBase):
    """A stream of chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        view = memoryview(cast("bytearray", buffer)).cast("B")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
