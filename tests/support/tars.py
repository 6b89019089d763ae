"""Small tars for tests, made with the standard library so that they owe nothing to our own writer."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a file with ``content``, or what ``kind`` says."""

    name: str
    content: str = ""
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644


def directory(name: str, mode: int = 0o755) -> Entry:
    """Give a directory."""
    return Entry(name, kind=tarfile.DIRTYPE, mode=mode)


def symlink(name: str, target: str) -> Entry:
    """Give a symbolic link."""
    return Entry(name, kind=tarfile.SYMTYPE, link=target)


def hard_link(name: str, target: str) -> Entry:
    """Give a hard link."""
    return Entry(name, kind=tarfile.LNKTYPE, link=target)


def make_tar(*entries: Entry) -> bytes:
    """Give a tar of these entries, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.mode, info.mtime = entry.kind, entry.link, entry.mode, 315532801
            data = entry.content.encode()
            info.size = len(data) if entry.kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(data) if info.size else None)
    return buffer.getvalue()
