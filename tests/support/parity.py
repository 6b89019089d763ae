"""What Heroku's buildpacks do, statement by statement, with the tests that hold each, and the page that shows both.

``python -m tests.support.parity > docs/reference/heroku-parity.md`` writes the page from ``tests/heroku/statements/``
and from the names of the tests in ``tests/heroku/``: ``test_statement_<NUMBER>_<fact>`` holds the statement of that
number.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
STATEMENTS = REPOSITORY / "tests" / "heroku" / "statements"
_TEST = re.compile(r"test_statement_(\d+)_(\w+)")
_HEAD = """\
# Heroku parity

Written by `python -m tests.support.parity` from `tests/heroku/`; a test fails when it is out of date, when a statement
has no test, or a test no statement.

An app that moves here is built as Heroku's *classic* buildpacks build it. Each statement below says what that means in
one respect; the numbers are those of our notes on Heroku's sources. **Held** is how it is by default. **Held by
setting** needs the setting that is named, because the default is better for most. **Better** differs on purpose, and
says why.
"""


class Held(StrEnum):
    """How a statement is held; the value is the word of the catalogue."""

    YES = "yes"
    SETTING = "setting"
    BETTER = "better"

    @property
    def label(self) -> str:
        """Give the words of the page."""
        return {Held.YES: "held", Held.SETTING: "held by setting", Held.BETTER: "better"}[self]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement: its number, what Heroku does, how it is held here, and what that consists of."""

    number: int
    text: str
    held: Held
    how: str
    pack: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldingTest:
    """A test by the statement it holds. ``path`` is relative to the repository."""

    number: int
    fact: str
    path: str


def read_statements() -> tuple[Statement, ...]:
    """Read the catalogue, by number."""
    found = [
        Statement(
            number=entry["number"], text=entry["text"], held=Held(entry["held"]), how=entry["how"], pack=file.stem
        )
        for file in sorted(STATEMENTS.glob("*.toml"))
        for entry in tomllib.loads(file.read_text())["statements"]
    ]
    return tuple(sorted(found, key=lambda one: one.number))


def find_holding_tests() -> tuple[HoldingTest, ...]:
    """Find the tests that hold statements, in the order of files and lines."""
    files = sorted((REPOSITORY / "tests" / "heroku").rglob("test_*.py"))
    return tuple(test for file in files for test in _tests_of(file))


def _tests_of(file: Path) -> Iterator[HoldingTest]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and (found := _TEST.fullmatch(node.name)):
            yield HoldingTest(
                number=int(found[1]), fact=found[2].replace("_", " "), path=str(file.relative_to(REPOSITORY))
            )


def render() -> str:
    """Write the page."""
    statements, tests = read_statements(), find_holding_tests()
    by_number: dict[int, list[HoldingTest]] = {}
    for test in tests:
        by_number.setdefault(test.number, []).append(test)
    lines = [_HEAD, *_summary(statements)]
    for title, packs in _CHAPTERS.items():
        lines += [f"## {title}", ""]
        for one in statements:
            if one.pack in packs:
                lines += [*_entry(one, by_number), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


_CHAPTERS: Mapping[str, Sequence[str]] = {
    "Classic buildpacks": ("classic",),
    "Platform and Procfile": ("platform",),
    "Ruby": ("ruby_install", "ruby"),
    "Python": ("python",),
    "Go": ("go",),
    "Node.js": ("nodejs",),
    "System packages": ("apt",),
}
PACKS = frozenset(pack for packs in _CHAPTERS.values() for pack in packs)


def _summary(statements: Sequence[Statement]) -> Iterator[str]:
    yield "| Held | Statements |"
    yield "| --- | --- |"
    for held in Held:
        numbers = [str(one.number) for one in statements if one.held is held]
        yield f"| {held.label} | {', '.join(numbers) or 'none'} |"
    yield ""


def _entry(one: Statement, by_number: Mapping[int, Sequence[HoldingTest]]) -> Iterator[str]:
    yield f"**{one.number}. {one.text}**  "
    yield f"*{one.held.label.capitalize()}.* {one.how}  "
    tests = ", ".join(f"[{test.fact}](../../{test.path})" for test in by_number.get(one.number, ()))
    yield f"Tests: {tests or 'none'}"


if __name__ == "__main__":
    sys.stdout.write(render())
