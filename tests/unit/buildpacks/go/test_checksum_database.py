"""Go's checksum database: a recorded answer of the real one is believed, and no change of it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildpacks.go import checksum_database
from buildpacks.go.checksum_database import Database, look_up, parse_database
from buildpacks.go.ed25519 import is_signed
from buildpacks.go.errors import ChecksumDatabaseError

MODULE, VERSION = "golang.org/toolchain", "v0.0.1-go1.27.3.linux-amd64"
SUM = "h1:r0ub+FnqzZxoWm/dSUOI9DcIqYWn/mNYGFJcv7PyBzs="
LOOKUP = f"lookup/{MODULE}@{VERSION}"
# What sum.golang.org answered in November 2026; hashes of tiles that a proof does not read are left out, as zeros.
RECORDED: dict[str, str] = json.loads((Path(__file__).parent / "recorded_answers.json").read_text(encoding="utf-8"))


def _recorded(path: str) -> bytes:
    text = RECORDED[path]
    return text.encode() if path == LOOKUP else base64.b64decode(text)


def _go_dev() -> Database:
    database = parse_database("")
    assert database is not None
    return database


def test_a_real_answer_is_believed() -> None:
    """The recorded answer has the database's signature, and its record is in the signed tree."""
    assert SUM == look_up(_go_dev(), MODULE, VERSION, _recorded)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("r0ub", "r1ub"), "not in the database's signed tree"),
        (lambda text: text.replace("\n70835252\n", "\n70835253\n"), "does not have its signature"),
        (lambda text: text.replace("69478030", "69478031", 1), "not in the database's signed tree"),
        (lambda text: text.replace("69478030", "99999999", 1), "no record number"),
        (lambda text: text.replace("sum.golang.org", "sum.example.org"), "does not have its signature"),
        (lambda text: text.replace("Az3grn", "Az3grm"), "does not have its signature"),
        (lambda text: text.partition("\n\n")[0], "does not have its signature"),
        (lambda _: "", "does not have its signature"),
        (lambda _: "<html>sign in</html>", "does not have its signature"),
    ],
)
def test_a_changed_answer_is_refused(change: Callable[[str], str], problem: str) -> None:
    """Whatever is changed on the way, the answer is refused."""

    def fetch(path: str) -> bytes:
        return change(RECORDED[LOOKUP]).encode() if path == LOOKUP else _recorded(path)

    with pytest.raises(ChecksumDatabaseError, match=problem):
        look_up(_go_dev(), MODULE, VERSION, fetch)


@pytest.mark.parametrize("tile", sorted(set(RECORDED) - {LOOKUP}))
def test_a_changed_tile_is_refused(tile: str) -> None:
    """Every tile that is read counts: with one bit of it changed, the record is not proved."""

    def fetch(path: str) -> bytes:
        data = bytearray(_recorded(path))
        if path == tile:
            used = next(at for at, byte in enumerate(data) if byte)
            data[used] ^= 1
        return bytes(data)

    with pytest.raises(ChecksumDatabaseError, match="not in the database's signed tree"):
        look_up(_go_dev(), MODULE, VERSION, fetch)


def test_a_short_tile_is_refused() -> None:
    """A tile with fewer hashes than the tree has there is no tile."""
    with pytest.raises(ChecksumDatabaseError, match="too short"):
        look_up(_go_dev(), MODULE, VERSION, lambda path: _recorded(path) if path == LOOKUP else b"")


def test_a_record_of_another_module_is_refused() -> None:
    """A true record that is about something else says nothing about what was asked."""
    with pytest.raises(ChecksumDatabaseError, match="does not name"):
        look_up(_go_dev(), MODULE, "v0.0.1-go1.27.4.linux-amd64", lambda path: _recorded(path.replace("27.4", "27.3")))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70_000), st.data())
def test_every_leaf_of_any_tree_is_proved(size: int, data: st.DataObject) -> None:
    """For trees of any size, also where tiles are partial, the proof computes the root that the definition gives."""
    index = data.draw(st.integers(0, size - 1))
    leaves = [hashlib.sha256(b"\x00%d" % at).digest() for at in range(size)]
    rows = _rows(leaves)
    tree = checksum_database._Tree(size=size, root=_root(leaves))
    proof = checksum_database._Proof(_go_dev(), tree, lambda path: _tile(rows, path))

    assert tree.root == proof.root(index, leaves[index])
    assert tree.root != proof.root(index, b"\x00" * 32)


def test_settings() -> None:
    """GOSUMDB names a database, another address for it, or switches it off, as Go reads it."""
    mirrored = parse_database("sum.golang.org https://sums.example.com/db/")
    own_key = base64.b64encode(b"\x01" + b"k" * 32).decode()
    key_id = hashlib.sha256(b"sums.example.com\n\x01" + b"k" * 32).digest()[:4].hex()
    own = parse_database(f"sums.example.com+{key_id}+{own_key}")

    assert parse_database("off") is None
    assert mirrored is not None
    assert ("sum.golang.org", "https://sums.example.com/db") == (mirrored.name, mirrored.url)
    assert own is not None
    assert ("sums.example.com", "https://sums.example.com") == (own.name, own.url)


@pytest.mark.parametrize("setting", ["sums.example.com", "a+b", "a+00000000+AAAA", "sum.golang.org+033de0ae+!!"])
def test_settings_without_a_key(setting: str) -> None:
    """A database whose key nobody knows cannot prove anything."""
    with pytest.raises(ChecksumDatabaseError):
        parse_database(setting)


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [  # RFC 8032, section 7.1, tests 1 to 3
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_signatures(key: str, message: str, signature: str) -> None:
    """The standard's own examples are signed, and with one bit changed anywhere they are not."""
    parts = [bytes.fromhex(message), bytes.fromhex(signature), bytes.fromhex(key)]

    assert is_signed(*parts)
    assert not is_signed(parts[0] + b"\0", parts[1], parts[2])
    for at in (0, 31, 32, 62):
        assert not is_signed(parts[0], _flipped(parts[1], at), parts[2])
    assert not is_signed(parts[0], parts[1], _flipped(parts[2], 5))
    assert not is_signed(parts[0], parts[1][:-1], parts[2])


def test_a_signature_with_a_second_scalar_is_refused() -> None:
    """The scalar has one form only: adding the group's order to it does not make another signature."""
    key, signature = (
        bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    )
    scalar = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493

    assert not is_signed(b"", signature[:32] + scalar.to_bytes(32, "little"), key)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, on hashes of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + _root(leaves[:middle]) + _root(leaves[middle:])).digest()


def _rows(leaves: list[bytes]) -> list[list[bytes]]:
    rows = [leaves]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([hashlib.sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)])
    return rows


def _tile(rows: list[list[bytes]], path: str) -> bytes:
    """Serve a tile as the database does; one that is not asked for by its exact width does not exist."""
    _, _, level, name = path.split("/", 3)
    name, _, width = name.partition(".p/")
    number = int(name.replace("x", "").replace("/", ""))
    hashes = rows[int(level) * 8][number * 256 : (number + 1) * 256]
    assert len(hashes) == int(width or 256)
    return b"".join(hashes)
