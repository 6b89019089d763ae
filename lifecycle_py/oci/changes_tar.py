"""What changed in a tree since a look at it, as the tar of a layer: new and changed entries, whiteouts for those gone.

Spec: opencontainers/image-spec ``layer.md`` "Change Types", "Whiteouts". A look notes mode, owner, size, times and
inode of every entry; whoever changes one changes its ctime, so no contents are read for it. Like all our layers, the
tar holds no times, no extended attributes and no devices.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.layer_tar import Owner, single_entry
from lifecycle_py.oci.tar_header import REGULAR, TRAILER, header

_WHITEOUT = b".wh."
_Facts = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A tree to look at.

    ``excluded`` are absolute paths in the image that are none of its own (mounts, caches); they are not looked into.
    ``shift`` is by how many ids the owners on this host are above those in the image.
    """

    root: Path
    excluded: frozenset[bytes] = frozenset()
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What was there: path in the image → facts of the entry."""

    entries: Mapping[bytes, _Facts]


def look_at(watched: Watched) -> Look:
    """Note every entry of a tree."""
    return Look({name: _facts(status) for name, _, status in _walk(watched)})


def changes_tar(watched: Watched, before: Look) -> Iterator[bytes]:
    """Give the tar of everything that changed since ``before``; nothing at all when nothing did."""
    now = {name: (host, status) for name, host, status in _walk(watched)}
    changed = {name for name, (_, status) in now.items() if _differs(before.entries.get(name), status)}
    gone = {name for name in before.entries if name not in now and _is_directory(_parent(name), now)}
    if not changed and not gone:
        return
    wanted = set(changed)
    for name in (*changed, *gone):
        parent = _parent(name)
        while parent and parent not in wanted:
            wanted.add(parent)
            parent = _parent(parent)
    for name in sorted(wanted | gone, key=lambda path: path.split(b"/")):
        if name in gone:
            yield _whiteout(name)
            continue
        host, status = now[name]
        owner = Owner(status.st_uid - watched.shift, status.st_gid - watched.shift)
        yield from single_entry(host, name, status, owner)
    yield TRAILER


def _whiteout(name: bytes) -> bytes:
    parent, _, last = name.rpartition(b"/")
    return header(parent + b"/" + _WHITEOUT + last, REGULAR, mode=0o644, uid=0, gid=0)


def _walk(watched: Watched) -> Iterator[tuple[bytes, bytes, os.stat_result]]:
    """Give path in the image, path on this host, and status of every entry below the root."""
    waiting = [(b"", os.fsencode(watched.root))]
    while waiting:
        name, host = waiting.pop()
        with os.scandir(host) as entries:
            for entry in entries:
                path = name + b"/" + entry.name
                if path in watched.excluded:
                    continue
                status = entry.stat(follow_symlinks=False)
                yield path, entry.path, status
                if stat.S_ISDIR(status.st_mode):
                    waiting.append((path, entry.path))


def _facts(status: os.stat_result) -> _Facts:
    facts: tuple[int, ...] = (status.st_mode, status.st_uid, status.st_gid)
    if stat.S_ISDIR(status.st_mode):
        return facts  # its times change with its entries, which have facts of their own
    return (*facts, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _differs(before: _Facts | None, status: os.stat_result) -> bool:
    kind = stat.S_IFMT(status.st_mode)
    return kind in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK} and before != _facts(status)


def _is_directory(name: bytes, now: Mapping[bytes, tuple[bytes, os.stat_result]]) -> bool:
    """Tell whether a path is a directory now; whatever is gone with its directory needs no whiteout of its own."""
    return not name or (name in now and stat.S_ISDIR(now[name][1].st_mode))


def _parent(name: bytes) -> bytes:
    return name.rpartition(b"/")[0]
