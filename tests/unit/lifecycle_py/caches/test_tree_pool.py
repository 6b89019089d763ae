"""The pool of unpacked layers: whoever takes a tree gets exactly what was given, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_py.caches.tree_pool import KnownTree, KnownTrees, TreePool, remove_tree
from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.oci.model import Descriptor, DiffId, sha256
from tests.support.trees import read_tree, wait_for_clock, write_tree

_RECIPE = "gzip|/layers/a/b|0:0"
_TREE = {"bin/run": "#!/bin/sh\n", "link": "-> bin/run"}
_NAME = DiffId(sha256(b"tar"))


@pytest.fixture
def pool(tmp_path: Path) -> TreePool:
    """Give a pool that is not there yet."""
    return TreePool(tmp_path / "pool")


def _known(tree: Path, diff_id: DiffId = _NAME) -> KnownTree:
    blob = Descriptor(media_type="x", digest=sha256(b"blob"), size=4)
    return KnownTree(fingerprint=tree_fingerprint(tree, _RECIPE), diff_id=diff_id, blob=blob)


def _give(pool: TreePool, tree: Path, diff_id: DiffId = _NAME) -> KnownTree:
    write_tree(tree, _TREE)
    known = _known(tree, diff_id)
    pool.give(known, tree)
    return known


def _entries(pool: TreePool) -> int:
    return len(list(pool.directory.iterdir()))


def test_a_tree_given_is_taken_once(pool: TreePool, tmp_path: Path) -> None:
    """A tree moves; who comes second gets nothing."""
    known = _give(pool, tmp_path / "built")

    assert not (tmp_path / "built").exists()
    assert known == pool.take(_NAME, tmp_path / "taken", _RECIPE)
    assert dict(sorted(_TREE.items())) == read_tree(tmp_path / "taken")
    assert None is pool.take(_NAME, tmp_path / "second", _RECIPE)


def test_a_tree_taken_can_be_given_back(pool: TreePool, tmp_path: Path) -> None:
    """Build after build."""
    known = _give(pool, tmp_path / "built")
    for _ in range(3):
        assert known == pool.take(_NAME, tmp_path / "layer", _RECIPE)
        pool.give(known, tmp_path / "layer")

    assert 2 == _entries(pool)


def test_an_empty_pool_gives_nothing(pool: TreePool, tmp_path: Path) -> None:
    """A pool that was never filled is no error."""
    assert None is pool.take(_NAME, tmp_path / "x", _RECIPE)
    pool.keep_only([])


def test_a_tree_that_was_tampered_with_is_thrown_away(pool: TreePool, tmp_path: Path) -> None:
    """A change inside of the pool is found out, and the target stays free."""
    _give(pool, tmp_path / "built")
    wait_for_clock(tmp_path)
    (tree,) = (path for path in pool.directory.iterdir() if path.is_dir())
    (tree / "bin" / "run").write_text("#!/bin/evil")

    assert None is pool.take(_NAME, tmp_path / "taken", _RECIPE)
    assert not (tmp_path / "taken").exists()


def test_a_tree_is_not_taken_by_another_recipe(pool: TreePool, tmp_path: Path) -> None:
    """For another compression, owner or place it would be another layer."""
    _give(pool, tmp_path / "built")

    assert None is pool.take(_NAME, tmp_path / "taken", "zstd")


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "null", '{"fingerprint": "x"}', '{"fingerprint": "x", "blob": {"digest": "../x"}}'],
)
def test_a_damaged_record_makes_its_tree_worthless(pool: TreePool, tmp_path: Path, record: str) -> None:
    """Without a record nobody knows what the tree is."""
    _give(pool, tmp_path / "built")
    (file,) = pool.directory.glob("*.json")
    file.write_text(record)

    assert None is pool.take(_NAME, tmp_path / "taken", _RECIPE)


def test_giving_what_is_there_changes_nothing(pool: TreePool, tmp_path: Path) -> None:
    """Of two builds that give the same layer the first one's tree stays, and with it its record."""
    first = _give(pool, tmp_path / "one")
    _give(pool, tmp_path / "two")

    assert first == pool.take(_NAME, tmp_path / "taken", _RECIPE)


def test_giving_never_fails(tmp_path: Path) -> None:
    """A pool that cannot be written is only slower; the tree stays where it is."""
    (tmp_path / "file").touch()

    _give(TreePool(tmp_path / "file"), tmp_path / "built")

    assert (tmp_path / "built").exists()


def test_taking_onto_a_filled_directory_gives_nothing(pool: TreePool, tmp_path: Path) -> None:
    """A tree is not mixed with what lies there."""
    _give(pool, tmp_path / "built")
    write_tree(tmp_path / "taken", {"other": ""})

    assert None is pool.take(_NAME, tmp_path / "taken", _RECIPE)
    assert {"other": ""} == read_tree(tmp_path / "taken")


def test_keep_only_removes_the_others(pool: TreePool, tmp_path: Path) -> None:
    """Trees, records and half-deleted remains of layers nobody needs go."""
    other = DiffId(sha256(b"other"))
    known = _give(pool, tmp_path / "one")
    _give(pool, tmp_path / "two", other)
    write_tree(pool.directory / ".deleted-123", {"rest": ""})

    pool.keep_only([_NAME])

    assert 2 == _entries(pool)
    assert known == pool.take(_NAME, tmp_path / "taken", _RECIPE)


def test_remove_tree_removes_links_as_links(tmp_path: Path) -> None:
    """What a link leads to stays; what is not there is no error."""
    write_tree(tmp_path, {"kept/x": "1", "link": "-> kept", "dir/y": "", "file": ""})

    for name in ("link", "dir", "file", "absent"):
        remove_tree(tmp_path / name)

    assert {"kept/x": "1"} == read_tree(tmp_path)


def test_known_trees_are_found_by_their_fingerprint(tmp_path: Path) -> None:
    """What was restored is recognised at the export."""
    known = _known(write_tree(tmp_path / "t", _TREE))
    trees = KnownTrees()
    trees.add(known)

    assert (known, None) == (trees.find(known.fingerprint), trees.find("other"))
