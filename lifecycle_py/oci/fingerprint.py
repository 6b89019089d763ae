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
from pathlib import Path

_FACTS = struct.Struct("=IQqQ")


def tree_fingerprint(root: Path, recipe: str) -> str:
    """Fingerprint a tree as it would be stored by ``recipe`` (owner, name in the image, compression).

    The top directory's own change time is left out: moving a tree into its place touches that alone.
    """
    digest = hashlib.sha256(recipe.encode())
    status = root.lstat()
    digest.update(_FACTS.pack(status.st_mode, 0, 0, status.st_ino))
    if stat.S_ISDIR(status.st_mode):
        _add_directory(os.fsencode(root), b"", digest)
    return digest.hexdigest()


def _add_directory(host: bytes, name: bytes, digest: hashlib._Hash) -> None:
    with os.scandir(host) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        status = entry.stat(follow_symlinks=False)
        path = name + b"/" + entry.name
        digest.update(path + b"\0")
        digest.update(_FACTS.pack(status.st_mode, status.st_size, status.st_ctime_ns, status.st_ino))
        if stat.S_ISDIR(status.st_mode):
            _add_directory(entry.path, path, digest)
