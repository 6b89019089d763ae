"""Writing many small files from one thread of its own, while another reads what is to be written.

Creating a file is mostly waiting for the kernel, during which Python's threads run side by side.
"""

from __future__ import annotations

import os
import queue
import stat
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from lifecycle_py.oci.layer_tar import Owner

_WAITING: Final = 64  # batches; with their size that bounds memory
_BATCH_FILES: Final = 32
_BATCH_BYTES: Final = 1 << 18


class NewFile(NamedTuple):
    """A file to write: where, its mode, its modification time in seconds since 1970, its contents, its own owner."""

    path: str
    mode: int
    mtime: float
    data: bytes
    owner: Owner | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRules:
    """What every file gets: an owner (None: this process's), and the umask that cuts what ``open`` is told."""

    owner: Owner | None
    umask: int


class FileWriter:
    """Writes files in the background. Nothing is on disk for sure before ``finish`` or ``wait``."""

    def __init__(self, rules: FileRules) -> None:
        """Write by these rules; the thread starts with the first file."""
        self._rules = rules
        self._batch: list[NewFile] = []
        self._bytes = 0
        self._queue: queue.Queue[list[NewFile] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def add(self, file: NewFile) -> None:
        """Have a small file written, some time soon.

        Raises:
            OSError: one of those before could not be; ``filename`` says which.
        """
        self._batch.append(file)
        self._bytes += len(file.data)
        if len(self._batch) >= _BATCH_FILES or self._bytes >= _BATCH_BYTES:
            self._send()

    def wait(self) -> None:
        """Wait until every file so far is written.

        Raises:
            OSError: one could not be.
        """
        self._send()
        if self._thread is not None:
            self._queue.join()
        self._check()

    def finish(self) -> None:
        """End the thread, in success and in failure; errors were or are told by ``wait``."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _send(self) -> None:
        self._check()
        if not self._batch:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="unpack", daemon=True)
            self._thread.start()
        self._queue.put(self._batch)
        self._batch, self._bytes = [], 0

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self._error is None:
                try:
                    for file in batch:
                        write_file(file.path, file.mode, file.mtime, (file.data,), self._rules, file.owner)
                except OSError as error:
                    self._error = error
            self._queue.task_done()


def write_file(
    path: str, mode: int, mtime: float, pieces: Iterable[bytes], rules: FileRules, owner: Owner | None = None
) -> None:
    """Write a new file; one that is there is replaced, never written into: it may be linked from elsewhere.

    ``owner`` wins over that of the rules.

    Raises:
        OSError: it could not be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, mode & 0o777)
    except FileExistsError:
        Path(path).unlink()
        descriptor = os.open(path, flags, mode & 0o777)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
        owner = owner or rules.owner
        if owner is not None:
            os.fchown(descriptor, owner.uid, owner.gid)
        # Giving a file away takes its set-uid and set-gid bits, and the umask may have cut others.
        if mode & rules.umask or mode & ~0o777:
            os.fchmod(descriptor, mode)
        # Buildpacks and interpreters compare times; the layer's own must not depend on when it was unpacked.
        os.utime(descriptor, (mtime, mtime))
    finally:
        os.close(descriptor)


def present_umask() -> int:
    """Read this process's umask without changing it, which other threads would see."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return stat.S_IRWXG | stat.S_IRWXO  # not told: have every mode set once more
