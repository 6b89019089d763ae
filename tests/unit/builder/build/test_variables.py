"""Variables from the command line and from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.build.variables import read_variables, write_platform_env
from builder.errors import InvalidVariableError

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
_VALUES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=30)


def test_value_may_hold_anything(tmp_path: Path) -> None:
    """Only the first = divides; blanks and quotes belong to the value."""
    assert {"URL": "a=b&c= 'x' "} == read_variables(["URL=a=b&c= 'x' "], [], {})
    assert {"EMPTY": ""} == read_variables(["EMPTY="], [], {})
    del tmp_path


def test_name_alone_takes_the_shell_s_value() -> None:
    """``--env NAME`` passes on what the caller has."""
    assert {"TOKEN": "t"} == read_variables(["TOKEN"], [], {"TOKEN": "t", "OTHER": "o"})


def test_command_line_beats_files_and_later_beats_earlier(tmp_path: Path) -> None:
    """The nearest setting wins."""
    (tmp_path / "a").write_text("# comment\n\nA=file\nB=file\n")
    (tmp_path / "b").write_text("B=second\n")

    assert {"A": "line", "B": "second"} == read_variables(["A=line"], [tmp_path / "a", tmp_path / "b"], {})


@pytest.mark.parametrize("text", ["1A=x", "A-B=x", "=x", "A B=x", "UNSET"])
def test_malformed_variable_shows_its_name_only(text: str) -> None:
    """An error never repeats a value."""
    with pytest.raises(InvalidVariableError) as raised:
        read_variables([text], [], {})

    assert text.partition("=")[0] == raised.value.text


def test_malformed_line_of_a_file_is_named(tmp_path: Path) -> None:
    """The error names the file and the line."""
    (tmp_path / "env").write_text("GOOD=1\nBAD NAME=2\n")
    with pytest.raises(InvalidVariableError) as raised:
        read_variables([], [tmp_path / "env"], {})

    assert f"{tmp_path / 'env'}:2" == raised.value.place


@pytest.mark.requirement("platform.buildpack-environment.user-provided-platform")
@given(st.dictionaries(_NAMES, _VALUES, max_size=5))
def test_every_value_survives_the_way_to_the_buildpack(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    """The platform's env directory has one file per variable with exactly its value (heroku.md §12 statement 2)."""
    platform = tmp_path_factory.mktemp("platform")
    write_platform_env(platform, values, None)

    assert values == {file.name: file.read_bytes().decode() for file in (platform / "env").iterdir()}
