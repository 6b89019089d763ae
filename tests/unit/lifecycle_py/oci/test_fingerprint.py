"""The fingerprint of a tree: any change changes it, and being moved is no change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_py.oci.fingerprint import tree_fingerprint
from tests.support.trees import wait_for_clock, write_tree

_RECIPE = "gzip|/layers/a/b|0:0"


def _rewrite_and_reset_times(tree: Path) -> None:
    file = tree / "a" / "x"
    status = file.stat()
    with file.open("r+b") as opened:
        opened.write(b"2")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace_link(tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "link").symlink_to("b/x")


_CHANGES: dict[str, Callable[[Path], object]] = {
    "contents of the same size, times set back": _rewrite_and_reset_times,
    "a mode": lambda tree: (tree / "a/x").chmod(0o600),
    "the mode of the top directory": lambda tree: tree.chmod(0o700),
    "the mode of a directory": lambda tree: (tree / "a").chmod(0o700),
    "a name": lambda tree: (tree / "a/x").rename(tree / "a/y"),
    "a name in the top directory": lambda tree: (tree / "top").rename(tree / "other"),
    "a link's target": _replace_link,
    "a new file": lambda tree: (tree / "new").touch(),
    "a new hard link": lambda tree: (tree / "hard").hardlink_to(tree / "a/x"),
    "a new empty directory": lambda tree: (tree / "b/new").mkdir(),
    "a removed file": lambda tree: (tree / "top").unlink(),
    "two files exchanged": lambda tree: [
        (tree / "a/x").rename(tree / "swap"),
        (tree / "b/x").rename(tree / "a/x"),
        (tree / "swap").rename(tree / "b/x"),
    ],
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree made a moment ago."""
    made = write_tree(tmp_path / "tree", {"a/x": "1", "b/x": "2", "link": "-> a/x", "top": "", "e/": ""})
    wait_for_clock(tmp_path)
    return made


@pytest.mark.parametrize("change", _CHANGES.values(), ids=list(_CHANGES))
def test_fingerprint_changes_with(tree: Path, change: Callable[[Path], object]) -> None:
    """Whoever changes anything changes the fingerprint, without a file being read."""
    before = tree_fingerprint(tree, _RECIPE)

    change(tree)

    assert before != tree_fingerprint(tree, _RECIPE)


def test_fingerprint_stays_when_the_tree_moves(tree: Path) -> None:
    """A tree is moved between the pool and the layers directory."""
    before = tree_fingerprint(tree, _RECIPE)

    wait_for_clock(tree.parent)
    moved = tree.rename(tree.with_name("moved"))

    assert before == tree_fingerprint(moved, _RECIPE)


def test_fingerprint_stays_when_files_are_read(tree: Path) -> None:
    """Reading changes access times only."""
    before = tree_fingerprint(tree, _RECIPE)

    (tree / "top").read_bytes()

    assert before == tree_fingerprint(tree, _RECIPE)


def test_fingerprint_of_a_copy_differs(tree: Path, tmp_path: Path) -> None:
    """A copy was never seen: equal contents are no proof, they have to be read."""
    copy = write_tree(tmp_path / "copy", {"a/x": "1", "b/x": "2", "link": "-> a/x", "top": "", "e/": ""})

    assert tree_fingerprint(copy, _RECIPE) != tree_fingerprint(tree, _RECIPE)


def test_fingerprint_depends_on_the_recipe(tree: Path) -> None:
    """Another owner, name or compression makes another layer of the same tree."""
    assert tree_fingerprint(tree, "zstd|/layers/a/b|0:0") != tree_fingerprint(tree, _RECIPE)


def test_fingerprint_tells_names_and_sizes_apart(tmp_path: Path) -> None:
    """Facts of one entry cannot be read as those of another."""
    one = write_tree(tmp_path / "one", {"ab": "", "c": ""})
    before = tree_fingerprint(one, "")
    (one / "ab").rename(one / "a")
    (one / "c").rename(one / "bc")

    assert before != tree_fingerprint(one, "")


def test_fingerprint_shows_a_change_that_comes_at_once(tmp_path: Path) -> None:
    """Nobody can change a file in the same step of the clock in which it was fingerprinted."""
    for number in range(6):
        tree = write_tree(tmp_path / str(number), {"x": "1"})
        before = tree_fingerprint(tree, "")
        with (tree / "x").open("r+b") as opened:
            opened.write(b"2")

        assert before != tree_fingerprint(tree, "")
