"""The layers directory as a buildpack left it, and places with two names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from lifecycle_py.errors import UnsafeLinkError
from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.layers_dir import read_document, read_env_directory, read_layers, read_plain_files
from lifecycle_py.session import Command, ExitStatus, Place
from lifecycle_py.spec.env_delta import EnvAction
from lifecycle_py.spec.errors import InvalidIdentifierError
from tests.support.trees import write_tree


def _place(tmp_path: Path, tree: dict[str, str]) -> Place:
    return Place(write_tree(tmp_path / "layers", tree), PurePosixPath("/layers/a_b"))


def test_place_has_two_names(tmp_path: Path) -> None:
    """Going down goes down on both sides; errors speak of the name inside."""
    place = Place(tmp_path, PurePosixPath("/layers")) / "a" / "b/c"
    (tmp_path / "a").symlink_to("/")

    assert (tmp_path / "a/b/c", PurePosixPath("/layers/a/b/c")) == (place.host, place.inside)
    with pytest.raises(UnsafeLinkError) as error:
        place.checked(Place(tmp_path, PurePosixPath("/layers")))
    assert ("/layers/a/b/c", "/layers") == (error.value.path, error.value.root)


@pytest.mark.parametrize(
    ("tree", "name", "safe"),
    [
        ({"x": ""}, "x", True),
        ({}, "absent", True),
        ({"a/y": "", "x": "-> a/y"}, "x", True),
        ({"x": "-> /etc/passwd"}, "x", False),
        ({"x": "-> ../layers-evil/y"}, "x", False),
        ({"a": "-> /etc"}, "a/passwd", False),
        ({"x": "-> x"}, "x", True),
        ({"a": "-> ..", "b": "-> a/layers/c", "c": ""}, "b", True),
    ],
)
def test_place_checks_where_links_lead(tmp_path: Path, tree: dict[str, str], name: str, *, safe: bool) -> None:
    """Links inside of the root are fine, wherever they pass; what ends outside is refused."""
    root = _place(tmp_path, tree)

    if safe:
        assert root.host / name == (root / name).checked(root)
    else:
        with pytest.raises(UnsafeLinkError):
            (root / name).checked(root)


def test_read_layers_needs_a_metadata_file(tmp_path: Path) -> None:
    """A directory alone is no layer; a file alone is one without contents; documents are none."""
    types = "[types]\nlaunch = true\n"
    tree = {
        "b/x": "",
        "b.toml": types,
        "a.toml": types,
        "alone/": "",
        "launch.toml": "",
        "store.toml": "",
        "c.toml": "",
    }

    layers = read_layers(_place(tmp_path, tree))

    assert [("a", True, False), ("b", True, True), ("c", False, False)] == [
        (layer.name, layer.types.launch, layer.has_contents) for layer in layers
    ]


def test_read_layers_of_no_directory_is_empty(tmp_path: Path) -> None:
    """A buildpack need not leave anything."""
    assert () == read_layers(Place.here(tmp_path / "absent"))


def test_read_layers_refuses_a_name_that_is_none(tmp_path: Path) -> None:
    """``.toml`` and ``..toml`` would be layers without a name or with the directory's own."""
    for name in (".toml", "..toml"):
        place = Place.here(write_tree(tmp_path / name.replace(".", "d"), {name: ""}))
        with pytest.raises(InvalidIdentifierError):
            read_layers(place)


def test_read_document_that_is_absent_is_empty(tmp_path: Path) -> None:
    """All documents are optional."""
    assert {} == read_document(_place(tmp_path, {}), "launch.toml").data


def test_read_plain_files_keeps_bytes_and_skips_directories(tmp_path: Path) -> None:
    """Values are bytes, their last newline included."""
    place = _place(tmp_path, {"env/A": "a\n", "env/dir/B": "", "env/todir": "-> dir", "env/C": "-> A"})
    (place.host / "env" / "BIN").write_bytes(b"\xff\x00")

    assert {"A": b"a\n", "BIN": b"\xff\x00", "C": b"a\n"} == read_plain_files(place / "env")
    assert {} == read_plain_files(place / "absent")


@pytest.mark.requirement("platform.buildpack-environment.operator-suffixes")
def test_read_env_directory_applies_its_default_action(tmp_path: Path) -> None:
    """The operator's files default, a layer's override."""
    place = _place(tmp_path, {"env/A": "new"})

    assert {"A": b"old"} == read_env_directory(place / "env", EnvAction.DEFAULT).apply({"A": b"old"})
    assert {"A": b"new"} == read_env_directory(place / "env").apply({"A": b"old"})


def test_in_place_session_gives_lines_and_status(tmp_path: Path) -> None:
    """Both streams, in order, with exactly the environment given; a signal is told from an exit."""
    script = 'echo "$A"; echo err >&2; printf "no newline \\377"; exit 3'
    lines: list[str] = []

    status = InPlaceSession().run(
        Command(argv=("/bin/sh", "-c", script), env={"A": b"\xff1"}, working_dir=PurePosixPath(tmp_path)), lines.append
    )
    killed = InPlaceSession().run(Command(argv=("/bin/sh", "-c", "kill -9 $$")), lines.append)

    assert (["\ufffd1", "err", "no newline \ufffd"], ExitStatus(3)) == (lines, status)
    assert ("exit code 3", "signal 9", True) == (str(status), str(killed), ExitStatus(0).ok)
