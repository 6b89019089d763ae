"""Go's checksum database: asking what a module's sum has to be, and proving that the answer is the database's.

The database is a signed, append-only log, a Merkle tree as in certificate transparency (RFC 6962). An answer is
believed when the tree's head has the database's signature, and the record is proved to be in that tree. So a proxy in
between can hold an answer back, but not change it. Protocol: https://go.dev/design/25530-sumdb.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from buildpacks.go.ed25519 import is_signed
from buildpacks.go.errors import ChecksumDatabaseError

# The public key is part of Go; there is no other root of trust.
_GO_DEV = "sum.golang.org"
_KNOWN_KEYS = {_GO_DEV: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}
_OTHER_NAMES = {"sum.golang.google.cn": _GO_DEV}  # the same database, for where the first address is blocked
_ED25519 = 1
_HASH_SIZE, _TILE_HEIGHT = 32, 8
_TILE_WIDTH = 1 << _TILE_HEIGHT
_SIGNATURE_MARK = "\u2014 "

Fetch = Callable[[str], bytes]
"""Gives the document at a path of the database, such as ``lookup/…``; raises ExplainedError when it cannot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A database: its name, its key, its own address (empty: the usual one), and the name it is known by."""

    name: str
    key: bytes
    key_id: bytes
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tree:
    size: int
    root: bytes


def parse_database(setting: str) -> Database | None:
    """Read GOSUMDB: a known name, or ``name+id+key``, and maybe an address; ``off`` gives None.

    Raises:
        ChecksumDatabaseError: it is none of these.
    """
    words = setting.split() or [_GO_DEV]
    if words[0] == "off":
        return None
    name = _OTHER_NAMES.get(words[0], words[0])
    verifier = _KNOWN_KEYS.get(name, name)
    url = words[1].rstrip("/") if len(words) > 1 else f"https://{words[0].partition('+')[0]}"
    parts = verifier.split("+", 2)
    try:
        name, key_id, data = parts[0], bytes.fromhex(parts[1]), base64.b64decode(parts[2], validate=True)
    except (IndexError, ValueError):
        raise ChecksumDatabaseError(
            database=words[0], problem="GOSUMDB names a database whose key is not known"
        ) from None
    if data[:1] != bytes([_ED25519]) or hashlib.sha256(f"{name}\n".encode() + data).digest()[:4] != key_id:
        raise ChecksumDatabaseError(database=name, problem="the key in GOSUMDB does not belong to its name")
    return Database(name=name, key=data[1:], key_id=key_id, url=url)


def look_up(database: Database, module: str, version: str, fetch: Fetch) -> str:
    """Give the sum, ``h1:…``, that a module's version has to have.

    Raises:
        ChecksumDatabaseError: the answer is malformed, is not signed, or is not in the tree.
    """
    answer = fetch(f"lookup/{module}@{version}").decode("utf-8", errors="replace")
    head, _, note = answer.partition("\n\n")
    number, _, record = head.partition("\n")
    record += "\n"
    tree = _open_tree(database, note)
    if not number.isdigit() or not int(number) < tree.size:
        raise ChecksumDatabaseError(database=database.name, problem="its answer has no record number in its tree")
    proof = _Proof(database, tree, fetch)
    leaf = hashlib.sha256(b"\x00" + record.encode()).digest()
    if proof.root(int(number), leaf) != tree.root:
        raise ChecksumDatabaseError(database=database.name, problem="the record is not in the database's signed tree")
    for line in record.splitlines():
        if line.startswith(f"{module} {version} h1:"):
            return line.split()[2]
    raise ChecksumDatabaseError(database=database.name, problem=f"its record does not name {module}@{version}")


def _open_tree(database: Database, note: str) -> _Tree:
    """Check a tree head's signature, and read it."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    if not any(_is_by(database, line, text) for line in signatures.splitlines()):
        raise ChecksumDatabaseError(database=database.name, problem="its answer does not have its signature")
    lines = text.splitlines()
    try:
        title, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError):
        raise ChecksumDatabaseError(database=database.name, problem="its tree's head is malformed") from None
    if title != "go.sum database tree" or size < 1 or len(root) != _HASH_SIZE:
        raise ChecksumDatabaseError(database=database.name, problem="its tree's head is of another kind")
    return _Tree(size=size, root=root)


def _is_by(database: Database, line: str, text: str) -> bool:
    name, _, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    is_ours = line.startswith(_SIGNATURE_MARK) and name == database.name and data[:4] == database.key_id
    return is_ours and is_signed(text.encode(), data[4:], database.key)


class _Proof:
    """Computes the root of the tree over one leaf that is given and all others as the tiles have them.

    The tiles need no trust: a wrong one gives another root.
    """

    def __init__(self, database: Database, tree: _Tree, fetch: Fetch) -> None:
        self._database, self._tree, self._fetch = database, tree, fetch
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, index: int, leaf: bytes) -> bytes:
        """Give the root of the whole tree with ``leaf`` at ``index``."""
        return self._range(0, self._tree.size, index, leaf)

    def _range(self, low: int, high: int, index: int, leaf: bytes) -> bytes:
        count = high - low
        if count == 1 and low == index:
            return leaf
        is_complete = count & (count - 1) == 0
        if is_complete and not low <= index < high:
            height = count.bit_length() - 1
            return self._subtree(height, low >> height)
        middle = low + (1 << ((count - 1).bit_length() - 1))
        return _node(self._range(low, middle, index, leaf), self._range(middle, high, index, leaf))

    def _subtree(self, height: int, number: int) -> bytes:
        """Give the hash of a complete subtree, from the row of the tile that is nearest below it."""
        level, above = divmod(height, _TILE_HEIGHT)
        first = number << above
        tile = self._tile(level, first // _TILE_WIDTH)
        start = first % _TILE_WIDTH
        hashes = [tile[at * _HASH_SIZE : (at + 1) * _HASH_SIZE] for at in range(start, start + (1 << above))]
        while len(hashes) > 1:
            hashes = [_node(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes[0]

    def _tile(self, level: int, number: int) -> bytes:
        known = self._tiles.get((level, number))
        if known is not None:
            return known
        width = min(_TILE_WIDTH, (self._tree.size >> (level * _TILE_HEIGHT)) - number * _TILE_WIDTH)
        path = f"tile/{_TILE_HEIGHT}/{level}/{_tile_name(number)}"
        data = self._fetch(path if width == _TILE_WIDTH else f"{path}.p/{width}")
        if len(data) < width * _HASH_SIZE:
            raise ChecksumDatabaseError(database=self._database.name, problem=f"'{path}' is too short")
        self._tiles[level, number] = data
        return data


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _tile_name(number: int) -> str:
    """Give a tile's number in groups of three digits, as its path has it: ``x001/x234/067``."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:  # noqa: PLR2004 - three digits
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)
