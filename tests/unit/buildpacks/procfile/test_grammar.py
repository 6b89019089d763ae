"""The grammar of a Procfile, strict and lenient."""

from __future__ import annotations

import re
import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.procfile.errors import (
    DuplicateAfterCorrectionError,
    EmptyCommandError,
    InvalidKeyError,
    MissingColonError,
    ProcfileLineError,
)
from buildpacks.procfile.grammar import Entry, Grammar, parse_procfile

KEYS = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
COMMANDS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1).filter(
    lambda text: text.lstrip(" \t\r\v\f") == text
)
# Heroku's classic rule, quoted from the specification of its Procfile buildpack.
CLASSIC = re.compile(r"^[ \t\r\v\f]*([a-zA-Z0-9_-]+):?[ \t\r\v\f]+(.*)$")


def _types(text: str, grammar: Grammar = Grammar.STRICT) -> dict[str, str]:
    return {entry.type: entry.command for entry in parse_procfile(text, grammar).entries}


@given(st.dictionaries(KEYS, COMMANDS, max_size=6))
def test_strict_round_trip(processes: dict[str, str]) -> None:
    """Any set of valid keys and commands is read back, in order and verbatim."""
    text = "".join(f"{key}:  {command}\n" for key, command in processes.items())

    assert list(_types(text).items()) == list(processes.items())


@given(st.text())
def test_strict_never_crashes(text: str) -> None:
    """Whatever a file holds, it parses or is explained, and every entry names a Kubernetes object."""
    entries: tuple[Entry, ...] = ()
    with suppress(ProcfileLineError, DuplicateAfterCorrectionError):
        entries = parse_procfile(text).entries

    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", entry.type) for entry in entries)


@given(st.text(string.ascii_letters + " \t:_-#", max_size=30))
def test_lenient_line_equals_heroku_expression(line: str) -> None:
    """A line is an entry exactly when Heroku's classic expression matches and leaves a command."""
    matched = CLASSIC.match(line)
    expected = {matched[1]: matched[2]} if matched and matched[2] else {}

    assert _types(line, Grammar.LENIENT) == expected


def test_strict_comments_and_blank_lines() -> None:
    """Comments and blank lines are nothing; a later '#' belongs to the command; CRLF ends a line."""
    text = "# my app\r\n\r\n  # indented\nweb: run # fast \r\nworker:work\n"

    assert _types(text) == {"web": "run # fast ", "worker": "work"}


def test_strict_is_not_yaml() -> None:
    """A colon in the command is part of it."""
    assert _types("web: echo foo: bar") == {"web": "echo foo: bar"}


def test_strict_corrections() -> None:
    """Upper case, underscores and leading space are corrected, each with a warning."""
    procfile = parse_procfile(" Web_Worker: x")

    assert [entry.type for entry in procfile.entries] == ["web-worker"]
    assert procfile.warnings == (
        "Procfile key ` Web_Worker` has been corrected to `web-worker`. Please update your Procfile.",
    )


@pytest.mark.parametrize(
    ("text", "error", "line", "column"),
    [
        ("is_w.e.b: x", InvalidKeyError, 1, 5),
        ("web: x\n-web: y", InvalidKeyError, 2, 1),
        ("web-: y", InvalidKeyError, 1, 4),
        ("  my web: y", InvalidKeyError, 1, 5),
        ("web : y", InvalidKeyError, 1, 4),
        (": y", InvalidKeyError, 1, 1),
        ("wéb: y", InvalidKeyError, 1, 2),
        ("a" * 64 + ": y", InvalidKeyError, 1, 64),
        ("\n\nweb run", MissingColonError, 3, 4),
        ("web:   ", EmptyCommandError, 1, 8),
    ],
)
def test_strict_errors(text: str, error: type[ProcfileLineError], line: int, column: int) -> None:
    """A line that is no entry is an error that points at the character."""
    with pytest.raises(error) as caught:
        parse_procfile(text)

    assert (caught.value.position.line, caught.value.position.column) == (line, column)


def test_strict_error_text() -> None:
    """The error shows the line with a caret below the character, and the way out."""
    with pytest.raises(InvalidKeyError) as caught:
        parse_procfile("web: x\nis_w.e.b: run")

    explanation = caught.value.explain()

    assert explanation.what == "Procfile, line 2, column 5: 'is_w.e.b' cannot be the name of a process"
    assert explanation.why == "2 | is_w.e.b: run\n        ^"
    assert "OFFRAMP_PROCFILE_GRAMMAR=lenient" in explanation.fix[1]


@pytest.mark.parametrize("grammar", list(Grammar))
def test_names_that_collide(grammar: Grammar) -> None:
    """Two keys that become one name are an error in both grammars."""
    with pytest.raises(DuplicateAfterCorrectionError, match="lines 1 and 3"):
        parse_procfile("my_worker: a\n\nmy-worker: b", grammar)


def test_same_key_twice() -> None:
    """The same key twice is a warning, and the last counts."""
    procfile = parse_procfile("web: a\nweb: b")

    assert [entry.command for entry in procfile.entries] == ["b"]
    assert procfile.warnings == ("`web` is defined in line 1 and again in line 2; the last counts",)


def test_empty_file_is_a_warning() -> None:
    """A file without processes passes with a warning."""
    assert parse_procfile("# nothing\n").warnings == ("Empty file, no processes defined",)


def test_lenient_ignores_junk() -> None:
    """Merge markers and lines without a space after the colon are ignored; names keep their form."""
    text = "<<<<<<< HEAD\nweb run it\nMy_Worker:   work\nweb:cmd\n=======\n"

    assert _types(text, Grammar.LENIENT) == {"web": "run it", "My_Worker": "work"}
