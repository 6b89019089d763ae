"""The tar of a layer, made from a tree as a stream of chunks, by the rules of reference/cnb.md §b.10.

Chunks come in any size; ``blobs`` cuts them into the fixed blocks that reproducible compression needs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.errors import FileChangedError
from lifecycle_py.oci.tar_header import DIRECTORY, REGULAR, SYMLINK, TRAILER, header, padding

_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Owner:
    """Numeric owner of entries."""

    uid: int
    gid: int


ROOT = Owner(0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """A directory of this machine as it is to stand in a layer.

    ``name`` is its absolute path in the image; the directories above it are written first, owned by
    ``parents_owner`` (None: not written). Where the tree stands at that very path on this machine, too, they are
    written as they are, with their own owners and modes, which is what the reference does.
    """

    host: Path
    name: str
    owner: Owner
    parents_owner: Owner | None = None

    def parents(self) -> Iterator[bytes]:
        """Give headers for the directories above."""
        if self.parents_owner is None:
            return
        if str(self.host) == self.name:
            yield from _directories_on_disk(self.host)
        else:
            yield from parent_directories(self.name, self.parents_owner)


def tree_tar(tree: Tree) -> Iterator[bytes]:
    """Give the whole tar of a tree: parents, entries in lexical order per directory, trailer."""
    yield from tree.parents()
    yield from _entry(os.fsencode(tree.host), os.fsencode(tree.name), tree.owner)
    yield TRAILER


def files_tar(tree: Tree, paths: Iterable[str]) -> Iterator[bytes]:
    """Give the tar of chosen files of a tree, with the directories that lead to them, sorted by full path.

    Args:
        tree: the tree; its own directory is written, too, unless nothing of it is wanted.
        paths: paths of files and links relative to the tree; directories are taken as they are, without contents;
            the tree's own directory is ``""``.
    """
    wanted: set[str] = set()
    for path in paths:
        parts = path.split("/")
        wanted |= {"", *("/".join(parts[:count]) for count in range(1, len(parts) + 1))}
    if wanted:
        yield from tree.parents()
    for path in sorted(wanted, key=os.fsencode):
        host = os.fsencode(tree.host / path if path else tree.host)
        name = os.fsencode(f"{tree.name}/{path}" if path else tree.name)
        yield from single_entry(host, name, os.lstat(host), tree.owner)
    yield TRAILER


def file_tar(name: str, contents: bytes, *, mode: int, owner: Owner) -> Iterator[bytes]:
    """Give the tar of one file made in memory, with the directories above it."""
    yield from parent_directories(name, owner)
    yield header(os.fsencode(name), REGULAR, mode=mode, uid=owner.uid, gid=owner.gid, size=len(contents))
    yield contents
    yield padding(len(contents))
    yield TRAILER


def links_tar(directory: str, links: Mapping[str, str], *, owner: Owner) -> Iterator[bytes]:
    """Give the tar of a directory of symbolic links: name → target."""
    yield from parent_directories(directory + "/x", owner)
    for name in sorted(links):
        link_name = os.fsencode(f"{directory}/{name}")
        yield header(link_name, SYMLINK, mode=0o755, uid=owner.uid, gid=owner.gid, link=os.fsencode(links[name]))
    yield TRAILER


def parent_directories(name: str, owner: Owner) -> Iterator[bytes]:
    """Give headers for the directories above an absolute path, from the top, mode 0755."""
    parts = name.split("/")[1:-1]
    for count in range(1, len(parts) + 1):
        directory = os.fsencode("/" + "/".join(parts[:count]))
        yield header(directory, DIRECTORY, mode=0o755, uid=owner.uid, gid=owner.gid)


def _directories_on_disk(path: Path) -> Iterator[bytes]:
    for directory in reversed(path.parents[:-1]):
        status = directory.stat()
        mode = stat.S_IMODE(status.st_mode)
        yield header(os.fsencode(directory), DIRECTORY, mode=mode, uid=status.st_uid, gid=status.st_gid)


def _entry(host: bytes, name: bytes, owner: Owner) -> Iterator[bytes]:
    """Give an entry and, for a directory, everything below it.

    Walks with a stack instead of recursing: nested generators would cost each chunk one hop per level.
    """
    stack: list[tuple[bytes, bytes, os.stat_result]] = [(host, name, os.lstat(host))]
    while stack:
        current_host, current_name, status = stack.pop()
        yield from single_entry(current_host, current_name, status, owner)
        if not stat.S_ISDIR(status.st_mode):
            continue
        with os.scandir(current_host) as entries:
            below = sorted(entries, key=_entry_name, reverse=True)
        stack.extend(
            (entry.path, current_name + b"/" + entry.name, entry.stat(follow_symlinks=False)) for entry in below
        )


def _entry_name(entry: os.DirEntry[bytes]) -> bytes:
    return entry.name


def single_entry(host: bytes, name: bytes, status: os.stat_result, owner: Owner) -> Iterator[bytes]:
    """Give one entry. Hard links are full copies; sockets, pipes and devices are left out (rule 2)."""
    mode = status.st_mode
    permissions = stat.S_IMODE(mode)
    if stat.S_ISREG(mode):
        yield header(name, REGULAR, mode=permissions, uid=owner.uid, gid=owner.gid, size=status.st_size)
        yield from _contents(host, status.st_size)
    elif stat.S_ISDIR(mode):
        yield header(name, DIRECTORY, mode=permissions, uid=owner.uid, gid=owner.gid)
    elif stat.S_ISLNK(mode):
        yield header(name, SYMLINK, mode=permissions, uid=owner.uid, gid=owner.gid, link=os.readlink(host))


def _contents(host: bytes, size: int) -> Iterator[bytes]:
    """Give exactly ``size`` bytes of a file and its padding.

    Raises:
        FileChangedError: the file is no longer as long as when its header was made.
    """
    descriptor = os.open(host, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        remaining = size
        while remaining:
            chunk = os.read(descriptor, min(remaining, _READ_SIZE))
            if not chunk:
                raise FileChangedError(path=os.fsdecode(host))
            remaining -= len(chunk)
            yield chunk
        if os.read(descriptor, 1):
            raise FileChangedError(path=os.fsdecode(host))
    finally:
        os.close(descriptor)
    yield padding(size)
