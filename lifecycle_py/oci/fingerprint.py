"""The fingerprint of a tree: tells that a layer is unchanged without reading one byte of its files.

It holds, for every entry, path, mode, size, change time and inode, as ``lstat`` gives them. Whoever changes a file
changes its ctime, which no unprivileged process can set back; so an equal fingerprint means equal contents, while a
different one means only "read it".
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import time
from pathlib import Path

_FACTS = struct.Struct("=IQqQ")
_CLOCK_STEP_NS = 11_000_000  # the coarsest clock of a Linux file system steps 100 times a second


def tree_fingerprint(root: Path, recipe: str) -> str:
    """Fingerprint a tree as it would be stored by ``recipe`` (owner, name in the image, compression).

    The top directory's own change time is left out: moving a tree into its place touches that alone. A change in the
    same step of the file system's clock would not show, so a tree made just now is given time for the next one.
    """
    digest = hashlib.sha256(recipe.encode())
    status = root.lstat()
    digest.update(_FACTS.pack(status.st_mode, 0, 0, status.st_ino))
    newest = 0
    if stat.S_ISDIR(status.st_mode):
        newest = _add_directory(os.fsencode(root), b"", digest)
    age = time.time_ns() - newest
    if 0 <= age < _CLOCK_STEP_NS:
        time.sleep((_CLOCK_STEP_NS - age) / 1e9)
    return digest.hexdigest()


def _add_directory(host: bytes, name: bytes, digest: hashlib._Hash) -> int:
    """Add everything below; give the newest change time in nanoseconds."""
    newest = 0
    with os.scandir(host) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        status = entry.stat(follow_symlinks=False)
        path = name + b"/" + entry.name
        digest.update(path + b"\0")
        digest.update(_FACTS.pack(status.st_mode, status.st_size, status.st_ctime_ns, status.st_ino))
        newest = max(newest, status.st_ctime_ns)
        if stat.S_ISDIR(status.st_mode):
            newest = max(newest, _add_directory(entry.path, path, digest))
    return newest
