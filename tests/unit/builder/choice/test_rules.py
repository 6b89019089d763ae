"""Which list of buildpacks counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.choice.project_toml import read_project
from builder.choice.read_choice import read_choice
from builder.choice.rules import Choice
from builder.errors import AppJsonError
from lifecycle_py.spec.errors import TomlValueError
from tests.support.trees import write_tree

EVERYWHERE = {
    "project.toml": '[[io.buildpacks.group]]\nid = "offramp/apt"\n[[io.buildpacks.group]]\nuri = "./mine"\n',
    ".buildpacks": "# ours\nheroku/go\n\nhttps://github.com/heroku/heroku-buildpack-apt\n",
    "app.json": '{\n "name": "x",\n "buildpacks": [\n  {"url": "heroku/python"}\n ]\n}',
}


def choice_of(app: Path, *command_line: str) -> Choice:
    """Read the choice of an app."""
    return read_choice(app, command_line, read_project(app))


@pytest.mark.parametrize(
    ("left", "command_line", "line"),
    [
        ("project.toml .buildpacks app.json", ("a/b",), "a/b, as --buildpack says (project.toml and .buildpacks and"),
        (
            "project.toml .buildpacks app.json",
            (),
            "offramp/apt, ./mine, as project.toml says (.buildpacks and app.json",
        ),
        (
            ".buildpacks app.json",
            (),
            "heroku/go, https://github.com/heroku/heroku-buildpack-apt, as .buildpacks says (app",
        ),
        ("app.json", (), "heroku/python, as app.json says"),
        ("", (), "the first group of the builder's order that passes"),
    ],
)
def test_nearer_list_wins(tmp_path: Path, left: str, command_line: tuple[str, ...], line: str) -> None:
    """Command line, project.toml, .buildpacks, app.json, builder: the first that speaks decides, and is named."""
    write_tree(tmp_path, {name: EVERYWHERE[name] for name in left.split()})

    assert str(choice_of(tmp_path, *command_line)).startswith(f"Buildpacks: {line}")


@pytest.mark.parametrize(("file", "expected"), [("project.toml", False), (".buildpacks", True), ("app.json", True)])
def test_procfile_is_read_beside_heroku_s_lists(tmp_path: Path, file: str, *, expected: bool) -> None:
    """Heroku reads the Procfile itself, so its lists never name it; project.toml is exact."""
    write_tree(tmp_path, {file: EVERYWHERE[file]})

    assert choice_of(tmp_path).with_procfile is expected


def test_each_entry_knows_its_line(tmp_path: Path) -> None:
    """Errors can name the line of the file that asks for a buildpack."""
    write_tree(tmp_path, {name: EVERYWHERE[name] for name in (".buildpacks",)})
    assert [one.place for one in choice_of(tmp_path).wanted] == [".buildpacks:2", ".buildpacks:4"]
    (tmp_path / ".buildpacks").unlink()
    write_tree(tmp_path, {"app.json": EVERYWHERE["app.json"]})

    assert [one.place for one in choice_of(tmp_path).wanted] == ["app.json:4"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("{\n oops", 2, "it is not JSON"),
        ("[]", 1, "it has to be an object"),
        ('{\n"buildpacks": {}}', 2, "has to be a list"),
        ('{"buildpacks": [\n{"uri": "x"}]}', 1, "each entry"),
    ],
)
def test_broken_app_json_is_told_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """An app.json that cannot be read is an error: guessing would build something else."""
    write_tree(tmp_path, {"app.json": text})
    with pytest.raises(AppJsonError) as raised:
        choice_of(tmp_path)

    assert raised.value.line == line
    assert problem in raised.value.problem


def test_empty_app_json_says_nothing(tmp_path: Path) -> None:
    """An app.json without buildpacks, or an empty file, leaves the choice to the builder."""
    write_tree(tmp_path, {"app.json": ""})
    assert choice_of(tmp_path).rule == "the builder"
    write_tree(tmp_path, {"app.json": '{"env": {"A": "1"}}'})

    assert choice_of(tmp_path).rule == "the builder"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[[io.buildpacks.group]]\nversion = '1'", "id"),
        ("[io.buildpacks]\ninclude = ['a']\nexclude = ['b']", "include"),
        ("[[io.buildpacks.pre.group]]\nid = 'a/b'", "pre"),
        ("[io.buildpacks]\nexcludes = ['b']", "excludes"),
        ("[[io.buildpacks.group]]\nid = 'a/b'\n[io.buildpacks.group.script]\ninline = 'x'", "script"),
        ("[build]\nexclude = ['a']", "build"),
    ],
)
def test_project_toml_is_never_half_obeyed(tmp_path: Path, text: str, key: str) -> None:
    """What this platform does not do, and what is misspelled, is an error that names the key."""
    write_tree(tmp_path, {"project.toml": text})
    with pytest.raises(TomlValueError) as raised:
        read_project(tmp_path)

    assert key in raised.value.key


def test_project_toml_of_other_tools_is_left_to_them(tmp_path: Path) -> None:
    """Tables of other tools are not ours to judge."""
    write_tree(
        tmp_path,
        {
            "project.toml": "[_]\nschema-version = '0.2'\n[com.example]\nx = 1\n"
            "[[io.buildpacks.build.env]]\nname = 'A'\nvalue = '1'"
        },
    )

    assert read_project(tmp_path).env == {"A": "1"}
