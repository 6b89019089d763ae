"""Tar archives of whole systems: read as entries with lazy contents, written as the stream of a layer."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from lifecycle_py.oci.tar_header import DIRECTORY, REGULAR, SYMLINK, TRAILER, header, padding

HARD_LINK: Final = b"1"
_READ_SIZE: Final = 1 << 20
_KINDS: Final = {
    tarfile.REGTYPE: REGULAR,
    tarfile.AREGTYPE: REGULAR,
    tarfile.DIRTYPE: DIRECTORY,
    tarfile.SYMTYPE: SYMLINK,
    tarfile.LNKTYPE: HARD_LINK,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of a system; ``path`` is absolute. ``read`` gives its contents in chunks, and may be called again."""

    path: str
    kind: bytes
    mode: int
    uid: int = 0
    gid: int = 0
    link: str = ""
    size: int = 0
    read: Callable[[], Iterator[bytes]] = lambda: iter(())

    def content(self) -> bytes:
        """Give the whole contents; for small files."""
        return b"".join(self.read())


def file_entry(path: str, content: bytes, mode: int = 0o644) -> Entry:
    """Make an entry for contents that are at hand."""
    return Entry(path=path, kind=REGULAR, mode=mode, size=len(content), read=lambda: iter((content,)))


def read_entries(tar: BinaryIO) -> Iterator[Entry]:
    """Read the entries of a tar file. Devices and pipes are left out: no image needs its own.

    ``tar`` must stay open as long as contents are read.
    """
    with tarfile.open(fileobj=tar, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
        for member in archive:
            path = _absolute(member.name)
            kind = _KINDS.get(member.type)
            if kind is None or path in {"/", "/."}:
                continue
            link = member.linkname if kind == SYMLINK else _absolute(member.linkname)
            yield Entry(
                path=path,
                kind=kind,
                mode=member.mode & 0o7777,
                uid=member.uid,
                gid=member.gid,
                link=link if kind in {SYMLINK, HARD_LINK} else "",
                size=member.size if kind == REGULAR else 0,
                read=_reader(tar, member.offset_data, member.size),
            )


def write_entries(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Give the tar stream of a layer; times are those of every layer (``tar_header.MTIME``)."""
    for entry in entries:
        yield header(
            entry.path.encode("utf-8", "surrogateescape"),
            entry.kind,
            mode=entry.mode,
            uid=entry.uid,
            gid=entry.gid,
            size=entry.size,
            link=entry.link.encode("utf-8", "surrogateescape"),
        )
        if entry.size:
            yield from entry.read()
            yield padding(entry.size)
    yield TRAILER


def _absolute(name: str) -> str:
    return "/" + name.removeprefix("./").strip("/")


def _reader(tar: BinaryIO, offset: int, size: int) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        position, end = offset, offset + size
        while position < end:
            tar.seek(position)
            chunk = tar.read(min(_READ_SIZE, end - position))
            if not chunk:
                raise EOFError("the archive is cut off")
            position += len(chunk)
            yield chunk

    return read
