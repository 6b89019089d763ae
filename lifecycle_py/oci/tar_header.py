"""Tar headers exactly as Go's ``archive/tar`` writes them for the reference lifecycle.

``tarfile`` differs in four ways that change diff IDs, and is three times slower (reference/cnb.md §b.10 rules 2–4,
docs/decisions/0006-own-tar-headers.md).
"""

from __future__ import annotations

import struct
from typing import Final

BLOCK: Final = 512
TRAILER: Final = bytes(2 * BLOCK)
MTIME: Final = 315532801  # 1980-01-01T00:00:01Z; cnb.md §b.10 rule 2

REGULAR, SYMLINK, DIRECTORY = b"0", b"2", b"5"

_NAME_SIZE, _PREFIX_SIZE = 100, 155
_OCTAL_ID, _OCTAL_SIZE = 8**7, 8**11  # the first numbers that their octal fields cannot hold
_LAYOUT = struct.Struct("100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12x")
_MTIME_FIELD = b"%011o" % MTIME
_ZERO_FIELD = b"0000000"
_BLANK_CHECKSUM = b" " * 8


def header(  # noqa: PLR0913 - the fields of a tar header
    name: bytes, kind: bytes, *, mode: int, uid: int, gid: int, size: int = 0, link: bytes = b""
) -> bytes:
    """Make the header of one entry: one block, or an extended header before it where one block cannot say it.

    Args:
        name: absolute path with its leading slash; directories without a trailing one.
        kind: ``REGULAR``, ``SYMLINK`` or ``DIRECTORY``.
        mode: permission bits with set-uid, set-gid and sticky.
        uid: numeric owner.
        gid: numeric group.
        size: bytes of contents that follow.
        link: target of a symbolic link.
    """
    records = _records(name, link, uid=uid, gid=gid, size=size)
    prefix, short_name, fits = _split(name)
    if fits and records.keys() <= {b"path"}:
        return _block(short_name, prefix, kind, mode=mode, uid=uid, gid=gid, size=size, link=link)
    main = _block(
        _cut(name),
        b"",
        kind,
        mode=mode,
        uid=0 if b"uid" in records else uid,
        gid=0 if b"gid" in records else gid,
        size=0 if b"size" in records else size,
        link=_cut(link),
    )
    return _extended_header(name, records) + main


def _records(name: bytes, link: bytes, *, uid: int, gid: int, size: int) -> dict[bytes, bytes]:
    """Give the extended records for what its own field cannot hold.

    A long name is among them even where USTAR's prefix could take it: the prefix serves only a header without records.
    """
    records = {}
    if len(name) > _NAME_SIZE or not name.isascii():
        records[b"path"] = name
    if len(link) > _NAME_SIZE or not link.isascii():
        records[b"linkpath"] = link
    numbers = ((b"uid", uid, _OCTAL_ID), (b"gid", gid, _OCTAL_ID), (b"size", size, _OCTAL_SIZE))
    return records | {key: b"%d" % value for key, value, limit in numbers if value >= limit}


def padding(size: int) -> bytes:
    """Give the zeros that fill up the last block of an entry's contents."""
    return bytes(-size % BLOCK)


def _split(name: bytes) -> tuple[bytes, bytes, bool]:
    """Split a name into USTAR's prefix and name; the last value tells whether it can be said so at all."""
    if not name.isascii():
        return b"", b"", False
    if len(name) <= _NAME_SIZE:
        return b"", name, True
    slash = name[: _PREFIX_SIZE + 1].rfind(b"/")
    short = name[slash + 1 :]
    fits = slash > 0 and 0 < len(short) <= _NAME_SIZE and slash <= _PREFIX_SIZE
    return name[:slash], short, fits


def _block(  # noqa: PLR0913
    name: bytes, prefix: bytes, kind: bytes, *, mode: int, uid: int, gid: int, size: int, link: bytes
) -> bytes:
    packed = _LAYOUT.pack(
        name[:_NAME_SIZE],
        b"%07o" % mode,
        b"%07o" % uid,
        b"%07o" % gid,
        b"%011o" % size,
        _MTIME_FIELD,
        _BLANK_CHECKSUM,
        kind,
        link[:_NAME_SIZE],
        b"ustar\x0000",
        b"",
        b"",
        _ZERO_FIELD,
        _ZERO_FIELD,
        prefix,
    )
    return _with_checksum(packed)


def _extended_header(name: bytes, records: dict[bytes, bytes]) -> bytes:
    data = b"".join(_record(key, records[key]) for key in sorted(records))
    directory, _, base = name.rpartition(b"/")
    extended_name = _ascii(b"/".join((directory, b"PaxHeaders.0", base)))[:_NAME_SIZE].rstrip(b"/")
    packed = _LAYOUT.pack(
        extended_name,
        _ZERO_FIELD,
        _ZERO_FIELD,
        _ZERO_FIELD,
        b"%011o" % len(data),
        b"%011o" % 0,
        _BLANK_CHECKSUM,
        b"x",
        b"",
        b"ustar\x0000",
        b"",
        b"",
        b"",
        b"",
        b"",
    )
    return _with_checksum(packed) + data + padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    """Make a PAX record; its length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _with_checksum(packed: bytes) -> bytes:
    return packed[:148] + b"%06o\0 " % sum(packed) + packed[156:]


def _cut(text: bytes) -> bytes:
    """Cut a name to its field; a slash that ends it there becomes NUL, or old readers would see a directory."""
    text = _ascii(text)
    if len(text) <= _NAME_SIZE or text[_NAME_SIZE - 1 : _NAME_SIZE] != b"/":
        return text[:_NAME_SIZE]
    end = len(text[: _NAME_SIZE - 1].rstrip(b"/"))
    return text[:end] + b"\0" + text[end + 1 : _NAME_SIZE]


def _ascii(text: bytes) -> bytes:
    return bytes(byte for byte in text if byte < 0x80)  # noqa: PLR2004
