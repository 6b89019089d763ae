"""Flags of the phases, as Go's flag package reads them."""

from __future__ import annotations

import re

import pytest

from lifecycle_py.cli.flag_table import FLAGS as ALL_FLAGS
from lifecycle_py.cli.flag_table import PHASES, Flag, flags_of
from lifecycle_py.cli.flags import parse_arguments
from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.spec.api_versions import ApiVersion

FLAGS = (
    Flag("app", "x", "CNB_APP_DIR", "/workspace"),
    Flag("layers", "x", "CNB_LAYERS_DIR", "/layers"),
    Flag("group", "x", "CNB_GROUP_PATH", "{layers}/group.toml"),
    Flag("daemon", "x", "CNB_USE_DAEMON", boolean=True),
    Flag("tag", "x", repeated=True),
)


@pytest.mark.parametrize("given", [["-app", "x"], ["-app=x"], ["--app", "x"], ["--app=x"], ["-app=y", "-app", "x"]])
def test_every_spelling_of_a_flag(given: list[str]) -> None:
    """One or two dashes, with = or the next word; the last one wins."""
    assert "x" == parse_arguments(given, FLAGS, {}).text("app")


@pytest.mark.requirement("platform.api.flags-first")
def test_flag_beats_variable_beats_default() -> None:
    """The specification's precedence."""
    environ = {"CNB_APP_DIR": "env"}

    assert "flag" == parse_arguments(["-app", "flag"], FLAGS, environ).text("app")
    assert "env" == parse_arguments([], FLAGS, environ).text("app")
    assert "/workspace" == parse_arguments([], FLAGS, {"CNB_APP_DIR": ""}).text("app")


def test_paths_in_the_layers_directory_follow_it() -> None:
    """A document that is not named is looked for in the layers directory that is."""
    assert "/l/group.toml" == parse_arguments(["-layers", "/l"], FLAGS, {}).text("group")


@pytest.mark.parametrize(
    ("given", "value"), [(["-daemon"], True), (["-daemon=false"], False), (["-daemon=1"], True), ([], False)]
)
def test_booleans(given: list[str], *, value: bool) -> None:
    """A boolean takes no further word."""
    parsed = parse_arguments([*given, "image"], FLAGS, {})

    assert value == parsed.boolean("daemon")
    assert ("image",) == parsed.positional


def test_flags_end_where_arguments_begin() -> None:
    """What follows the first argument is no flag, as in Go."""
    assert ("image", "-app", "x") == parse_arguments(["image", "-app", "x"], FLAGS, {}).positional
    assert ("-app",) == parse_arguments(["--", "-app"], FLAGS, {}).positional


def test_repeated_flag() -> None:
    """``-tag`` may stand several times."""
    assert ("a", "b") == parse_arguments(["-tag", "a", "-tag=b"], FLAGS, {}).lists["tag"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["-ap", "x"], "flag provided but not defined: -ap"),
        (["-app"], "flag needs an argument: -app"),
        (["-daemon=perhaps"], 'invalid boolean value "perhaps" for -daemon'),
    ],
)
def test_mistakes_are_told_and_exit_with_3(given: list[str], problem: str) -> None:
    """A wrong command line is the specification's exit code 3."""
    with pytest.raises(InvalidArgumentError) as raised:
        parse_arguments(given, FLAGS, {})

    assert problem == raised.value.problem
    assert 3 == raised.value.exit_code


def test_nearest_flag_is_suggested() -> None:
    """A misspelled flag is answered with the right one."""
    with pytest.raises(InvalidArgumentError) as raised:
        parse_arguments(["-layres", "x"], FLAGS, {})

    assert "-layers" == raised.value.suggestion


def test_flags_come_and_go_with_the_platform_api() -> None:
    """``-run`` came with 0.12, when ``-stack`` went; ``-insecure-registry`` came with 0.13."""

    def names(phase: str, minor: int) -> set[str]:
        return {flag.name for flag in flags_of(phase, ApiVersion(0, minor))}

    assert ({"stack"}, {"run"}) == ({"run", "stack"} & names("analyze", 11), {"run", "stack"} & names("analyze", 12))
    assert ([False, True], [False, True]) == (
        ["insecure-registry" in names("export", minor) for minor in (12, 13)],
        ["system" in names("detect", minor) for minor in (14, 15)],
    )


def test_every_flag_belongs_to_phases_there_are() -> None:
    """A misspelled phase in the table would hide a flag."""
    for flag in ALL_FLAGS:
        assert {re.split("[@<]", entry)[0] for entry in flag.phases.split()} <= set(PHASES), flag.name
