"""Unpacking: what a layer asks for happens, and nothing outside of the directory ever does."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip

from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.layer_tar import Owner, Tree, tree_tar
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.tar_header import header
from tests.support.tars import Entry, directory, hard_link, make_tar, symlink
from tests.support.trees import read_tree, write_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the directory that is unpacked to."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the host that no layer may touch."""
    return write_tree(tmp_path / "outside", {"secret": "kept", "dir/": ""})


def _unpack(root: Path, *entries: Entry, rules: UnpackRules | None = None) -> None:
    unpack_layer(io.BytesIO(make_tar(*entries)), root, rules)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_unpack_lays_down_files_directories_and_links(root: Path) -> None:
    """Files, directories and both kinds of links come out as they went in; parents may be missing."""
    _unpack(root, Entry("a/b/x", "1"), directory("/empty/"), symlink("l", "a/b"), hard_link("./h", "/a/b/x"))

    assert {"a/b/x": "1", "empty/": "", "h": "1", "l": "-> a/b"} == read_tree(root)
    assert (root / "h").samefile(root / "a/b/x")


def test_unpack_keeps_modes_and_times_of_files(root: Path) -> None:
    """Times come from the layer, because buildpacks and interpreters compare them."""
    _unpack(root, Entry("x", "1", mode=0o640), directory("d", mode=0o750))

    assert (0o640, 0o750) == (_mode(root / "x"), _mode(root / "d"))
    assert (root / "x").stat().st_mtime == 315532801


@pytest.mark.parametrize(("keep", "expected"), [(False, 0o755), (True, 0o4755)])
def test_unpack_keeps_set_uid_only_where_told(root: Path, *, keep: bool, expected: int) -> None:
    """Base images are unpacked without set-uid programs, cached layers as they were."""
    _unpack(root, Entry("su", "", mode=0o4755), rules=UnpackRules(keep_special_modes=keep))

    assert expected == _mode(root / "su")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_unpack_gives_files_away_without_losing_set_uid(root: Path) -> None:
    """Changing an owner clears set-uid, so the mode is set after it."""
    rules = UnpackRules(owner=Owner(1000, 1001), keep_special_modes=True)
    _unpack(root, Entry("d/su", "x", mode=0o6755), symlink("l", "d"), rules=rules)

    owners = {(path.lstat().st_uid, path.lstat().st_gid) for path in root.rglob("*")}
    assert ({(1000, 1001)}, 0o6755) == (owners, _mode(root / "d/su"))


def test_unpack_leaves_out_devices_and_pipes(root: Path) -> None:
    """Device nodes and pipes are no part of what a build sees."""
    _unpack(root, Entry("pipe", kind=tarfile.FIFOTYPE), Entry("null", kind=tarfile.CHRTYPE), Entry("x", "1"))

    assert {"x": "1"} == read_tree(root)


def test_unpack_fills_read_only_directories(root: Path) -> None:
    """A directory without write permission gets it after its contents."""
    _unpack(root, directory("d", mode=0o555), Entry("d/x", "1"))

    assert ({"d/x": "1"}, 0o555) == (read_tree(root), _mode(root / "d"))


def test_unpack_makes_missing_directories_readable_whatever_the_umask(root: Path) -> None:
    """Directories the archive only implies have mode 0755."""
    before = os.umask(0o077)
    try:
        _unpack(root, Entry("a/x", "1"))
    finally:
        os.umask(before)

    assert 0o755 == _mode(root / "a")


def test_unpack_maps_a_prefix_to_the_directory(root: Path) -> None:
    """Of a cached layer only what lies below its own name is taken."""
    rules = UnpackRules(prefix="/layers/bp/l")
    _unpack(root, directory("/layers"), directory("/layers/bp/l", 0o711), Entry("/layers/bp/l/bin/x", "1"), rules=rules)
    _unpack(root, Entry("/layers/bp/lx", "no"), Entry("/etc/passwd", "no"), rules=rules)

    assert ({"bin/x": "1"}, 0o711) == (read_tree(root), _mode(root))


@pytest.mark.parametrize(
    ("lower", "entry", "expected"),
    [
        ({"x": "old"}, Entry("x", "new"), {"x": "new"}),
        ({"x/y": "old"}, Entry("x", "new"), {"x": "new"}),
        ({"x": "-> y"}, Entry("x", "new"), {"x": "new"}),
        ({"x/y": "old"}, symlink("x", "z"), {"x": "-> z"}),
        ({"x": "old"}, directory("x"), {"x/": ""}),
        ({"y/z": "1", "x": "-> y"}, directory("x"), {"x/": "", "y/z": "1"}),
        ({"x/y": "kept"}, directory("x"), {"x/y": "kept"}),
        ({"x": "a file"}, Entry("x/y", "1"), {"x/y": "1"}),
    ],
)
def test_unpack_replaces_what_is_of_another_type(
    root: Path, lower: dict[str, str], entry: Entry, expected: dict[str, str]
) -> None:
    """An entry takes the place of what was there; only a directory over a directory keeps the contents."""
    write_tree(root, lower)

    _unpack(root, entry)

    assert expected == read_tree(root)


def test_unpack_does_not_write_through_a_hard_linked_file(root: Path) -> None:
    """Replacing one name of a hard link leaves the other's contents."""
    _unpack(root, Entry("x", "old"), hard_link("y", "x"))
    _unpack(root, Entry("x", "new"))

    assert {"x": "new", "y": "old"} == read_tree(root)


# Whiteouts.


def test_whiteout_removes_what_lower_layers_brought(root: Path) -> None:
    """``.wh.name`` takes away a file or a whole directory, and leaves no marker."""
    write_tree(root, {"a/x": "", "a/y": "", "b/z": "", "b/w/v": ""})

    _unpack(root, Entry("a/.wh.x"), Entry(".wh.b"), Entry(".wh.nothing"))

    assert {"a/y": ""} == read_tree(root)


@pytest.mark.parametrize("marker_last", [False, True])
def test_whiteout_keeps_what_its_own_layer_brings(root: Path, *, marker_last: bool) -> None:
    """A whiteout hides lower layers only, whether it stands before or after its siblings."""
    write_tree(root, {"d/old": "", "d/sub/old": ""})
    entries = [Entry("d/sub/new", "1")]
    entries.insert(len(entries) if marker_last else 0, Entry(".wh.d"))

    _unpack(root, *entries)

    assert {"d/sub/new": "1"} == read_tree(root)


@pytest.mark.parametrize("marker_last", [False, True])
def test_opaque_directory_hides_all_of_lower_layers(root: Path, *, marker_last: bool) -> None:
    """``.wh..wh..opq`` empties the directory of what lower layers brought, at any depth."""
    write_tree(root, {"d/old": "", "d/sub/old": "", "e": "kept"})
    entries = [Entry("d/new", "1"), Entry("d/sub/new", "2")]
    entries.insert(len(entries) if marker_last else 0, Entry("d/.wh..wh..opq"))

    _unpack(root, *entries)

    assert {"d/new": "1", "d/sub/new": "2", "e": "kept"} == read_tree(root)


def test_whiteout_of_a_directory_this_layer_named_does_not_break_the_end(root: Path) -> None:
    """Modes that wait for the end are forgotten with their directory."""
    _unpack(root, directory("d", mode=0o700), directory("d/e", mode=0o700), Entry("d", "a file now"))

    assert {"d": "a file now"} == read_tree(root)


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh..."])
def test_whiteout_of_nothing_or_of_a_parent_is_refused(root: Path, outside: Path, name: str) -> None:
    """``.wh...`` would remove the directory above."""
    write_tree(root, {"kept": "", "d/kept": ""})

    with pytest.raises(LayerArchiveError):
        _unpack(root, Entry(name))

    assert {"d/kept": "", "kept": ""} == read_tree(root)
    assert {"dir/": "", "secret": "kept"} == read_tree(outside)


# Links that lead elsewhere.


def test_unpack_follows_links_inside_of_the_root_only(root: Path, outside: Path) -> None:
    """An absolute link means a path of the image, not of the host."""
    _unpack(root, symlink("abs", str(outside)), Entry("abs/x", "1"), symlink("up", "../../.."), Entry("up/y", "2"))

    assert {"dir/": "", "secret": "kept"} == read_tree(outside)
    assert "1" == (root / str(outside).lstrip("/") / "x").read_text()
    assert "2" == (root / "y").read_text()


def test_unpack_follows_a_link_that_replaced_another(root: Path) -> None:
    """A path resolves by the links there are when its entry comes."""
    _unpack(root, symlink("l", "a"), Entry("l/x", "1"), symlink("l", "b"), Entry("l/y", "2"))

    assert {"a/x": "1", "b/y": "2", "l": "-> b"} == read_tree(root)


@pytest.mark.parametrize("first", [(Entry("d/x", "1"),), (directory("d"), Entry("d/x", "1"))], ids=["implied", "named"])
def test_unpack_does_not_write_through_a_link_that_replaced_a_directory(
    root: Path, outside: Path, first: tuple[Entry, ...]
) -> None:
    """Writing through a directory, then making it a link to the host, must not write to the host."""
    _unpack(root, *first, symlink("d", str(outside)), Entry("d/secret", "overwritten"))

    assert "kept" == (outside / "secret").read_text()


def test_unpack_does_not_change_modes_through_a_link_that_replaced_a_directory(root: Path, outside: Path) -> None:
    """Directory modes are set last, when their path may lead elsewhere."""
    (outside / "dir").chmod(0o700)

    _unpack(root, directory("d/dir", mode=0o777), symlink("d", str(outside)))

    assert 0o700 == _mode(outside / "dir")


def test_unpack_does_not_remove_through_links(root: Path, outside: Path) -> None:
    """Whiteouts below a link reach nothing of the host."""
    _unpack(root, symlink("l", str(outside)), Entry("l/.wh.secret"), Entry("l/.wh..wh..opq"), Entry(".wh.l"))

    assert {"dir/": "", "secret": "kept"} == read_tree(outside)


@pytest.mark.parametrize(
    "entries",
    [
        (Entry("../x", "1"),),
        (Entry("a/../../x", "1"),),
        (hard_link("x", "../outside/secret"),),
        (hard_link("x", "/"),),
        (hard_link("x", "missing"),),
        (hard_link("x", "x"),),
        (directory("d"), hard_link("x", "d")),
        (symlink("a", "b"), symlink("b", "a"), Entry("a/x", "1")),
        (Entry("n" * 300, "1"),),
    ],
    ids=["up", "up-later", "link-up", "link-root", "link-missing", "link-self", "link-directory", "circle", "too-long"],
)
def test_unpack_refuses_what_no_layer_may_ask(root: Path, outside: Path, entries: tuple[Entry, ...]) -> None:
    """Forbidden and impossible entries end with an error that explains itself."""
    with pytest.raises(LayerArchiveError):
        _unpack(root, *entries)

    assert {"dir/": "", "secret": "kept"} == read_tree(outside)


def test_hard_link_to_a_link_out_of_the_root_links_the_link(root: Path, outside: Path) -> None:
    """A hard link never reads through a symbolic one."""
    _unpack(root, symlink("l", str(outside / "secret")), hard_link("h", "l"))

    assert (root / "h").is_symlink()
    assert 1 == (outside / "secret").stat().st_nlink


# Damage.

_TWO_FILES = make_tar(Entry("a", "1" * 600), Entry("b", "2" * 600))


@pytest.mark.parametrize("length", [0, 100, 700, 1024, 1700, 2200, 2600])
def test_unpack_refuses_a_truncated_archive(root: Path, length: int) -> None:
    """A cut inside of a header or of contents is an error, not the archive's end."""
    with pytest.raises(LayerArchiveError):
        unpack_layer(io.BytesIO(_TWO_FILES[:length]), root)


def test_unpack_refuses_a_damaged_header_in_the_middle(root: Path) -> None:
    """``tarfile`` alone would take it for the end and give half a layer."""
    damaged = bytearray(_TWO_FILES)
    damaged[1536 + 10] ^= 0xFF

    with pytest.raises(LayerArchiveError, match="byte 1536"):
        unpack_layer(io.BytesIO(bytes(damaged)), root)


@pytest.mark.parametrize("cut", [20, -10])
def test_unpack_explains_what_the_codec_refuses(root: Path, cut: int) -> None:
    """A damaged compressed stream is the same kind of error."""
    compressed = gzip.compress(make_tar(Entry("x", "1" * 100_000)))

    with (
        igzip.open(io.BytesIO(compressed[:cut] + b"damage"), "rb") as tar,  # type: ignore[no-untyped-call]
        pytest.raises(LayerArchiveError),
    ):
        unpack_layer(cast("BinaryIO", tar), root)


# Round trip.

_file_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20
).filter(lambda name: name not in {".", ".."} and not name.startswith(".wh.") and len(name.encode()) < 200)
_contents = st.one_of(
    st.binary(max_size=2000),
    st.sampled_from([b"x" * 511, b"x" * 512, b"x" * 513]),
)
_trees = st.recursive(
    st.dictionaries(_file_names, _contents, max_size=4),
    lambda below: st.dictionaries(_file_names, st.one_of(_contents, below), max_size=4),
    max_leaves=12,
)


def _write(path: Path, tree: object) -> None:
    if isinstance(tree, bytes):
        path.write_bytes(tree)
    elif isinstance(tree, dict):
        path.mkdir()
        for name, below in tree.items():
            _write(path / name, below)


def _read(path: Path) -> object:
    return {one.name: _read(one) for one in path.iterdir()} if path.is_dir() else path.read_bytes()


@settings(max_examples=50, deadline=None)
@given(tree=_trees)
def test_a_tree_packed_and_unpacked_is_equal(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    """Any tree survives the way through a layer, and packing it again gives the same bytes."""
    place = tmp_path_factory.mktemp("round")
    _write(place / "in", tree)
    (place / "out").mkdir()
    source = Tree(host=place / "in", name="/layers/a/b", owner=Owner(0, 0), parents_owner=Owner(0, 0))
    packed = b"".join(tree_tar(source))

    unpack_layer(io.BytesIO(packed), place / "out", UnpackRules(prefix="/layers/a/b", keep_special_modes=True))

    again = Tree(host=place / "out", name="/layers/a/b", owner=Owner(0, 0), parents_owner=Owner(0, 0))
    assert tree == _read(place / "out")
    assert packed == b"".join(tree_tar(again))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_unpack_keeps_each_owner_moved_up(tmp_path: Path) -> None:
    """For a user namespace: small and large files, directories, links, and ids that take an extended header."""
    entries = (
        header(b"/d", b"5", mode=0o755, uid=1, gid=2),
        header(b"/d/small", b"0", mode=0o644, uid=3, gid=3_000_000),
        header(b"/d/link", b"2", mode=0o777, uid=5, gid=6, link=b"small"),
        header(b"/made/deep", b"0", mode=0o4755, uid=7, gid=8, size=1 << 18) + bytes(1 << 18),
        bytes(1024),
    )

    unpack_layer(io.BytesIO(b"".join(entries)), tmp_path, UnpackRules(shift=100, keep_special_modes=True))

    found = {name: (tmp_path / name).lstat() for name in ("d", "d/small", "d/link", "made", "made/deep")}
    assert {
        "d": (101, 102),
        "d/small": (103, 3_000_100),
        "d/link": (105, 106),
        "made": (100, 100),
        "made/deep": (107, 108),
    } == {name: (status.st_uid, status.st_gid) for name, status in found.items()}
    assert 0o4755 == found["made/deep"].st_mode & 0o7777
