"""The digest of an app's whole source: what decides whether its programs have to be compiled again.

All of it counts, not the Go files alone: programs embed others, C files are compiled with them, and generated ones are
only there when they are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 20
_NO_SOURCE = frozenset({".git"})


def digest_of(app_dir: Path) -> str:
    """Give the sha256 over every file's path, whether it is a program, and its contents; links by their target."""
    whole = hashlib.sha256()
    for path, entry in sorted(_walk(str(app_dir), "")):
        if entry.is_symlink():
            kind, content = "link", os.fsencode(os.readlink(entry.path))
        elif entry.is_file():
            kind = "program" if entry.stat().st_mode & 0o100 else "file"
            content = _content(entry.path)
        else:
            kind, content = "directory", b""
        whole.update(f"{kind} {len(content)} ".encode() + os.fsencode(path) + b"\0" + content)
    return whole.hexdigest()


def _walk(directory: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if prefix or entry.name not in _NO_SOURCE:
                yield prefix + entry.name, entry
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(entry.path, f"{prefix}{entry.name}/")


def _content(path: str) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:  # noqa: PTH123 - thousands of files: a Path for each takes as long as reading it
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()
