"""Tars of trees; the golden digest is of what Go's archive/tar makes of the same tree by the reference's rules."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from lifecycle_py.oci.errors import FileChangedError
from lifecycle_py.oci.layer_tar import ROOT, Owner, Tree, file_tar, files_tar, links_tar, tree_tar
from lifecycle_py.oci.tar_header import TRAILER
from tests.support.trees import read_tree, write_tree

USER = Owner(1000, 1000)


def _members(chunks: Iterable[bytes]) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        return archive.getmembers()


def _names(chunks: Iterable[bytes]) -> list[str]:
    return [member.name for member in _members(chunks)]


@pytest.fixture
def awkward_tree(tmp_path: Path) -> Path:
    """Every kind of name and entry that has a rule of its own."""
    root = write_tree(
        tmp_path / "tree",
        {
            "a-b/x": "1",
            "a/x": "22" * 700,
            "a.b": "",
            "é/ü": "u",
            "n" * 120: "",
            f"{'d' * 90}/{'e' * 90}/{'f' * 120}": "deep",
            "link": "-> a/x",
            "long": f"-> {'../' * 40}x",
            "dangling": "-> é",
            "empty/": "",
            "sticky/": "",
            "su": "su",
        },
    )
    (root / "hard").hardlink_to(root / "a" / "x")
    for directory in (root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())):
        directory.chmod(0o755)
    (root / "sticky").chmod(0o1777)
    (root / "empty").chmod(0o700)
    (root / "su").chmod(0o4755)
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff")).write_bytes(b"")
    return root


def test_tree_tar_equals_what_go_writes(awkward_tree: Path) -> None:
    """The tar of a tree is the one of the reference lifecycle, so that diff IDs are equal."""
    digest = hashlib.sha256()
    for chunk in tree_tar(Tree(host=awkward_tree, name="/layers/x_y/l", owner=USER)):
        digest.update(chunk)

    assert digest.hexdigest() == "3e72db7d23c247a0071bc02fe81b0ce81a2265d513289893a4c2edf2456f25c6"


def test_tree_tar_is_readable_by_gnu_tar(awkward_tree: Path, tmp_path: Path) -> None:
    """GNU tar unpacks it without a complaint to an equal tree."""
    (tmp_path / "out").mkdir()
    data = b"".join(tree_tar(Tree(host=awkward_tree, name="/t", owner=USER)))

    done = subprocess.run(
        ["tar", "-xPf", "-", "--no-same-owner", "--transform", "s,^/t,t,", "--no-overwrite-dir"],
        input=data,
        capture_output=True,
        cwd=tmp_path / "out",
        check=False,
    )

    assert (0, b"") == (done.returncode, done.stderr)
    assert read_tree(awkward_tree) == read_tree(tmp_path / "out" / "t")


def test_tree_tar_walks_each_directory_in_byte_order(tmp_path: Path) -> None:
    """A directory's contents follow it at once, although ``a-b`` sorts before ``a/x``."""
    tree = write_tree(tmp_path / "t", {"a-b": "", "a/x": "", "a.b": "", "B": "", "é": "", "z": ""})

    names = _names(tree_tar(Tree(host=tree, name="/t", owner=USER)))

    assert ["/t", "/t/B", "/t/a", "/t/a/x", "/t/a-b", "/t/a.b", "/t/z", "/t/é"] == names


def test_tree_tar_writes_the_directories_above_first(tmp_path: Path) -> None:
    """The parents of the layer come first, each once, mode 0755."""
    tree = write_tree(tmp_path / "t", {"x": ""})

    members = _members(tree_tar(Tree(host=tree, name="/layers/a_b/l", owner=USER, parents_owner=ROOT)))

    parents = [(member.name, member.mode, member.uid) for member in members[:2]]
    assert [("/layers", 0o755, 0), ("/layers/a_b", 0o755, 0)] == parents
    assert ["/layers/a_b/l", "/layers/a_b/l/x"] == [member.name for member in members[2:]]


def test_tree_tar_writes_directories_above_as_they_are_where_paths_are_the_same(tmp_path: Path) -> None:
    """In place the parents keep their own modes and owners: layers are the reference's to the byte."""
    tree = write_tree(tmp_path / "open" / "t", {"x": ""})
    (tmp_path / "open").chmod(0o1777)

    members = _members(tree_tar(Tree(host=tree, name=str(tree), owner=USER, parents_owner=ROOT)))

    parents = list(reversed(tree.parents))[1:]
    expected = [(str(path), path.stat().st_mode & 0o7777, path.stat().st_uid) for path in parents]
    assert expected == [(member.name, member.mode, member.uid) for member in members[: len(parents)]]
    assert 0o1777 == members[len(parents) - 1].mode


def test_tree_tar_ends_with_exactly_two_zero_blocks(tmp_path: Path) -> None:
    """There is no padding to 10240 bytes."""
    tree = write_tree(tmp_path / "t", {})

    data = b"".join(tree_tar(Tree(host=tree, name="/t", owner=USER)))

    assert (512 + 1024, TRAILER) == (len(data), data[512:])


def test_tree_tar_leaves_out_sockets_and_pipes(tmp_path: Path) -> None:
    """What is not a file, directory or link is no part of a layer."""
    tree = write_tree(tmp_path / "t", {"x": ""})
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "socket"))

        names = _names(tree_tar(Tree(host=tree, name="/t", owner=USER)))

    assert ["/t", "/t/x"] == names


def test_tree_tar_writes_hard_links_as_full_copies(tmp_path: Path) -> None:
    """Both names of a hard link have the contents."""
    tree = write_tree(tmp_path / "t", {"x": "same"})
    (tree / "y").hardlink_to(tree / "x")

    members = _members(tree_tar(Tree(host=tree, name="/t", owner=USER)))

    assert [(tarfile.REGTYPE, 4), (tarfile.REGTYPE, 4)] == [(member.type, member.size) for member in members[1:]]


def test_tree_tar_does_not_depend_on_times_owners_or_place(tmp_path: Path) -> None:
    """Equal trees give equal bytes, wherever and whenever they were made."""
    first = write_tree(tmp_path / "one", {"a/x": "1", "b": "-> a"})
    second = write_tree(tmp_path / "two", {"b": "-> a", "a/x": "1"})
    os.utime(second / "a" / "x", (0, 0))

    bytes_of = [b"".join(tree_tar(Tree(host=tree, name="/t", owner=USER))) for tree in (first, second)]

    assert bytes_of[0] == bytes_of[1]


@pytest.mark.parametrize("length", [1, 100])
def test_tree_tar_refuses_a_file_that_changes_meanwhile(tmp_path: Path, length: int) -> None:
    """A file that shrinks or grows after its header would make a damaged tar."""
    tree = write_tree(tmp_path / "t", {"a": "12345"})
    chunks = tree_tar(Tree(host=tree, name="/t", owner=USER))
    next(chunks)
    next(chunks)
    (tree / "a").write_text("x" * length)

    with pytest.raises(FileChangedError) as error:
        list(chunks)

    assert str(tree / "a") == error.value.path


def test_files_tar_takes_chosen_files_with_the_directories_to_them(tmp_path: Path) -> None:
    """A slice repeats the directories above its files; entries are sorted by their full path."""
    tree = write_tree(tmp_path / "app", {"a-b": "", "a/x": "", "a/y": "", "c/d/e": "", "f/g": ""})

    names = _names(files_tar(Tree(host=tree, name="/app", owner=USER, parents_owner=ROOT), ["c/d/e", "a/x", "a-b"]))

    assert ["/app", "/app/a", "/app/a-b", "/app/a/x", "/app/c", "/app/c/d", "/app/c/d/e"] == names


def test_files_tar_of_nothing_is_empty(tmp_path: Path) -> None:
    """A slice that takes nothing is an empty archive, without directories, as in the reference."""
    tree = write_tree(tmp_path / "app", {"a": ""})

    assert TRAILER == b"".join(files_tar(Tree(host=tree, name="/app", owner=USER, parents_owner=ROOT), []))


def test_file_tar_holds_one_file_and_its_directories() -> None:
    """The launcher's layer: root's directories, one program."""
    members = _members(file_tar("/cnb/lifecycle/launcher", b"ELF", mode=0o755, owner=ROOT))

    assert [("/cnb", 0o755), ("/cnb/lifecycle", 0o755), ("/cnb/lifecycle/launcher", 0o755)] == [
        (member.name, member.mode) for member in members
    ]


def test_links_tar_sorts_links_and_gives_them_mode_755() -> None:
    """The process types' layer, as the reference writes it."""
    members = _members(links_tar("/cnb/process", {"worker": "/l", "web": "/l"}, owner=ROOT))

    assert ["/cnb", "/cnb/process", "/cnb/process/web", "/cnb/process/worker"] == [member.name for member in members]
    assert ("/l", 0o755) == (members[-1].linkname, members[-1].mode)
