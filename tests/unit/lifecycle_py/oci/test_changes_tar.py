"""Changes of a tree as a layer: what is laid over the old tree gives the new one."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_py.oci.changes_tar import Watched, changes_tar, look_at
from lifecycle_py.oci.layer_untar import unpack_layer
from tests.support.trees import write_tree


def _members(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [f"{member.name}{'/' if member.isdir() else ''}" for member in archive]


def _changes(root: Path, change: object, **watched: object) -> bytes:
    tree = Watched(root=root, **watched)  # type: ignore[arg-type]
    before = look_at(tree)
    assert callable(change)
    change()
    return b"".join(changes_tar(tree, before))


def test_nothing_changed_is_no_tar(tmp_path: Path) -> None:
    """No layer is made for nothing."""
    write_tree(tmp_path, {"a/b": "1"})

    assert b"" == _changes(tmp_path, (tmp_path / "a" / "b").read_text)


def test_changed_and_new_files_come_with_their_directories(tmp_path: Path) -> None:
    """In lexical order per directory, as all our layers."""
    write_tree(tmp_path, {"a/b/old": "1", "a/kept": "", "z": ""})

    def change() -> None:
        (tmp_path / "a" / "b" / "old").write_text("2")
        write_tree(tmp_path, {"a/new/x": ""})

    assert ["/a/", "/a/b/", "/a/b/old", "/a/new/", "/a/new/x"] == _members(_changes(tmp_path, change))


def test_what_is_gone_is_a_whiteout(tmp_path: Path) -> None:
    """One for the top of what is gone; none for what another kind of entry replaced."""
    write_tree(tmp_path, {"a/x": "", "b/c/d": "", "turns/x": ""})

    def change() -> None:
        (tmp_path / "a" / "x").unlink()
        shutil.rmtree(tmp_path / "b" / "c")
        shutil.rmtree(tmp_path / "turns")
        (tmp_path / "turns").write_text("a file")

    assert ["/a/", "/a/.wh.x", "/b/", "/b/.wh.c", "/turns"] == _members(_changes(tmp_path, change))


def test_excluded_paths_do_not_count(tmp_path: Path) -> None:
    """Mounts and caches are not the image's."""
    write_tree(tmp_path, {"proc/x": "", "a/proc/x": ""})

    def change() -> None:
        write_tree(tmp_path, {"proc/new": "", "a/proc/new": ""})

    assert ["/a/", "/a/proc/", "/a/proc/new"] == _members(_changes(tmp_path, change, excluded=frozenset({b"/proc"})))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owners_are_moved_back(tmp_path: Path) -> None:
    """The tar has the ids inside, and a changed owner is a change."""
    write_tree(tmp_path, {"x": "", "y": ""})
    for path in (tmp_path, tmp_path / "x", tmp_path / "y"):
        os.chown(path, 5000, 5000)

    data = _changes(tmp_path, lambda: os.chown(tmp_path / "x", 5007, 5008), shift=5000)

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [("/x", 7, 8)] == [(member.name, member.uid, member.gid) for member in archive]


_names = st.sampled_from(["a", "b", "c"])
_paths = st.lists(_names, min_size=1, max_size=3).map("/".join)
_steps = st.lists(st.tuples(st.sampled_from(["file", "directory", "link", "remove", "mode"]), _paths), max_size=8)


def _apply(root: Path, steps: list[tuple[str, str]], mark: str) -> None:
    for number, (kind, name) in enumerate(steps):
        path = root / name
        for parent in reversed(path.parents[: len(path.relative_to(root).parts) - 1]):
            _make_directory(parent)
        if kind == "directory":
            _make_directory(path)
        elif kind == "mode" and path.exists() and not path.is_symlink():
            path.chmod(0o711)
        elif kind != "mode":
            _remove(path)
        if kind == "file":
            path.write_text(f"{mark}{number}")
        elif kind == "link":
            path.symlink_to(f"{mark}{number}")


def _make_directory(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        path.mkdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _shape(root: Path) -> dict[str, object]:
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else "",
        )
        for path in root.rglob("*")
    }


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=_steps, then=_steps)
def test_old_tree_and_layer_give_the_new_tree(
    first: list[tuple[str, str]], then: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever happens to a tree, its layer over a copy of the old one makes them equal."""
    base = tmp_path_factory.mktemp("changes")
    tree, copy = base / "tree", base / "copy"
    tree.mkdir()
    _apply(tree, first, "first")
    shutil.copytree(tree, copy, symlinks=True)

    data = _changes(tree, lambda: _apply(tree, then, "then"))
    if data:
        unpack_layer(io.BytesIO(data), copy)

    assert _shape(tree) == _shape(copy)
