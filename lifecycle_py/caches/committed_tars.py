"""A directory of uncompressed layer tars that is replaced at once, as the reference lifecycle keeps its volumes.

    <directory>/committed/sha256:<diff id>.tar   the layers
    <directory>/committed/<name>                 a document beside them
    <directory>/committed-backup                 what was committed before, while it is replaced
    <directory>/staging-<id>                     an update being gathered; locked by the process that does so

Killed at any moment, it is either the old or the new state: a backup without a committed directory is the old one.
The reference's own ``staging`` is left to it: any of its processes deletes that.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from lifecycle_py.oci.model import DiffId, Layer
from lifecycle_py.oci.verified_reader import open_verified, verified

_COPY_SIZE: Final = 1 << 20
_ABANDONED_AFTER: Final = 3600  # seconds


class CommittedTars:
    """The directory. Safe for several processes at once; nothing is made before the first update."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``."""
        self.directory = directory
        self._gathering: _Gathering | None = None
        self._guard = threading.Lock()

    def size(self, diff_id: str) -> int | None:
        """Give the bytes of a layer's tar; None when it is not here."""
        try:
            return self.path(diff_id).stat().st_size
        except FileNotFoundError:
            return None

    def path(self, diff_id: str) -> Path:
        """Give where a layer's tar is or would be."""
        return self._current() / f"{diff_id}.tar"

    def open(self, diff_id: DiffId) -> BinaryIO:
        """Open a layer's tar, verified while it is read; a damaged one is deleted, so that it will be made anew."""
        with self.unchanging():
            path = self.path(diff_id)
            file = path.open("rb")
        return verified(file, diff_id, str(path), on_damage=lambda: path.unlink(missing_ok=True))

    def read(self, name: str) -> bytes:
        """Read a document; raises FileNotFoundError when there is none."""
        return (self._current() / name).read_bytes()

    @contextlib.contextmanager
    def unchanging(self) -> Iterator[None]:
        """Keep other processes from replacing what is here, for a moment; where it cannot be written, nobody will."""
        try:
            lock = (self.directory / ".lock").open("rb")
        except OSError:
            yield
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    def new_tar(self) -> Path:
        """Give the name of a file that ``Staging.add`` can take for nothing; gone with the next update if it does not.

        Raises:
            OSError: the directory cannot be written.
        """
        return self._gather().directory / f"{uuid.uuid4().hex}.tar"

    @contextlib.contextmanager
    def update(self) -> Iterator[Staging]:
        """Gather the next state and put it in place at the end of the block, or nothing when it raises."""
        gathering = self._gather()
        try:
            yield Staging(gathering.directory / "committed", self)
            with self._locked():
                self._commit(gathering.directory)
        finally:
            with self._guard:
                self._gathering = None
            gathering.end()
        with self._locked():
            self._remove_abandoned()

    def _current(self) -> Path:
        committed, backup = self.directory / "committed", self.directory / "committed-backup"
        return backup if backup.exists() and not committed.exists() else committed

    def _gather(self) -> _Gathering:
        with self._guard:
            if self._gathering is None:
                self.directory.mkdir(parents=True, exist_ok=True)
                with self._locked():
                    self._gathering = _Gathering(self.directory / f"staging-{uuid.uuid4().hex}")
            return self._gathering

    def _commit(self, gathering: Path) -> None:
        committed, backup = self.directory / "committed", self.directory / "committed-backup"
        if committed.exists():
            shutil.rmtree(backup, ignore_errors=True)
            committed.rename(backup)
        (gathering / "committed").rename(committed)
        with contextlib.suppress(FileNotFoundError):
            backup.rename(gathering / "old")  # deleted when nobody waits for it

    def _remove_abandoned(self) -> None:
        """Delete what killed updates left: theirs is the lock no longer."""
        for left in self.directory.glob("staging-*"):
            if (lock := _lock(left)) is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)
        foreign = self.directory / "staging"
        with contextlib.suppress(FileNotFoundError):
            if foreign.stat().st_mtime < time.time() - _ABANDONED_AFTER:
                shutil.rmtree(foreign, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Staging:
    """The next state, being gathered."""

    def __init__(self, directory: Path, tars: CommittedTars) -> None:
        """Gather in ``directory``, which is made."""
        self.directory = directory
        self._tars = tars
        directory.mkdir()

    def add(self, layer: Layer) -> None:
        """Bring a layer's tar in: linked where it is a file already, else unpacked from its blob and verified.

        Raises:
            BlobCorruptError: the layer's blob does not hold its tar.
        """
        target = self.directory / f"{layer.diff_id}.tar"
        if target.exists():
            return
        uncompressed = layer.file if layer.is_tar else None
        for source in (layer.tar, self._tars.path(layer.diff_id), uncompressed):
            with contextlib.suppress(OSError):
                if source is not None:
                    os.link(source, target)
                    return
        partial = self.directory / f".{uuid.uuid4().hex}"
        with open_verified(layer, str(layer.file or layer.blob.digest)) as tar, partial.open("xb") as file:
            shutil.copyfileobj(tar, file, _COPY_SIZE)
        partial.rename(target)

    def write(self, name: str, data: bytes) -> None:
        """Write a document that lies beside the layers."""
        with (self.directory / name).open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a tar cut by a power failure is found out when it is read, a document may not be


class _Gathering:
    """The directory of one update, locked as long as this process lives."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self._lock = _lock(directory)

    def end(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)


def _lock(directory: Path) -> int | None:
    """Lock a directory; None when another process has it, or it is gone."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
