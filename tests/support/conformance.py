"""The catalogue of requirements, the tests marked with them, and the page that shows both.

``python -m tests.support.conformance > docs/reference/conformance.md`` writes the page. The marker is
``@pytest.mark.requirement("platform.analyzer.write-access", ...)`` on a test or a class of tests; markers are read
from the source, so that no test is imported to know what it holds.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
CATALOGUE = REPOSITORY / "tests" / "spec" / "requirements"
DOCUMENTS = {
    "platform": "Platform Interface Specification",
    "buildpack": "Buildpack Interface Specification",
    "image_extension": "Image Extension Interface Specification",
}
_LEVELS = ("must", "must-not", "should", "should-not")
_HEAD = """\
# Conformance

Written by `python -m tests.support.conformance` from `tests/spec/requirements/` and the markers of the tests; a test
fails when it is out of date, when a marker names what is not here, or when a MUST has no test.

Every MUST and SHOULD of Platform API 0.12 to 0.15 and Buildpack API 0.8 to 0.12 that a lifecycle has to obey is
here in our own words, with the tests that hold it. "Since" is the API that brought a requirement, where 0.12 (Platform)
or 0.8 (Buildpack) did not have it yet. Requirements on platforms stand here where our own platform has to obey them.
The catalogue was written from the texts of Platform API 0.8, Buildpack API 0.7 and the image extensions of 0.11, and,
for what came after, from release notes, RFCs and the reference lifecycle's sources; sentences that are in the newest
texts only may be missing.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """A requirement of the specification. ``id`` is ``<document>.<section>.<key>``."""

    id: str
    section: str
    level: str
    text: str
    since: str
    on: str

    @property
    def binding(self) -> bool:
        """Tell whether it is a MUST or a MUST NOT."""
        return self.level.startswith("must")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviation:
    """A place where specification and reference differ, and what was decided."""

    id: str
    spec: str
    reference: str
    ours: str
    why: str
    record: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedTest:
    """A test and the ids it is marked with. ``path`` is relative to the repository."""

    path: str
    name: str
    ids: tuple[str, ...]


def read_requirements() -> tuple[Requirement, ...]:
    """Read the catalogue, in its own order.

    Raises:
        ValueError: an entry does not say its level exactly once.
    """
    return tuple(
        _requirement(document, section, key, entry)
        for document in DOCUMENTS
        for section, table in tomllib.loads((CATALOGUE / f"{document}.toml").read_text()).items()
        for key, entry in table.items()
        if key != "title"
    )


def _requirement(document: str, section: str, key: str, entry: Mapping[str, str]) -> Requirement:
    name = f"{document}.{section}.{key}"
    levels = [level for level in _LEVELS if level in entry]
    if len(levels) != 1 or set(entry) - {levels[0], "since", "on"}:
        message = f"{name}: says its level once, and nothing else but since and on"
        raise ValueError(message)
    return Requirement(
        id=name,
        section=f"{document}.{section}",
        level=levels[0],
        text=entry[levels[0]],
        since=entry.get("since", ""),
        on=entry.get("on", "lifecycle"),
    )


def read_section_titles() -> dict[str, str]:
    """Read the titles of sections: ``<document>.<section>`` → title."""
    return {
        f"{document}.{section}": table["title"]
        for document in DOCUMENTS
        for section, table in tomllib.loads((CATALOGUE / f"{document}.toml").read_text()).items()
    }


def read_deviations() -> tuple[Deviation, ...]:
    """Read the decisions on deviations, in their own order."""
    tables = tomllib.loads((CATALOGUE / "deviations.toml").read_text())
    return tuple(Deviation(id=f"deviation.{key}", **table) for key, table in tables.items())


def read_untested() -> dict[str, str]:
    """Read which ids have no test yet: id → why."""
    tables: dict[str, str] = tomllib.loads((CATALOGUE / "untested.toml").read_text())
    return tables


def find_marked_tests() -> tuple[MarkedTest, ...]:
    """Find every marked test below ``tests``, in the order of files and lines."""
    files = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    return tuple(test for file in files for test in _tests_of(file))


def _tests_of(file: Path) -> Iterator[MarkedTest]:
    source = file.read_text()
    if "mark.requirement(" not in source:
        return
    path = str(file.relative_to(REPOSITORY))
    yield from _tests_in(ast.parse(source).body, path, "", ())


def _tests_in(body: Sequence[ast.stmt], path: str, prefix: str, inherited: tuple[str, ...]) -> Iterator[MarkedTest]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _tests_in(node.body, path, f"{prefix}{node.name}::", (*inherited, *_marked_ids(node)))
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            ids = (*inherited, *_marked_ids(node))
            if ids:
                yield MarkedTest(path=path, name=f"{prefix}{node.name}", ids=ids)


def _marked_ids(node: ast.ClassDef | ast.FunctionDef) -> tuple[str, ...]:
    return tuple(
        argument.value
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.requirement"
        for argument in decorator.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def group_by_id(tests: Sequence[MarkedTest]) -> dict[str, list[MarkedTest]]:
    """Give the tests of each id."""
    found: dict[str, list[MarkedTest]] = {}
    for test in tests:
        for name in test.ids:
            found.setdefault(name, []).append(test)
    return found


def render() -> str:
    """Write the page."""
    requirements, deviations = read_requirements(), read_deviations()
    by_id, untested = group_by_id(find_marked_tests()), read_untested()
    lines = [_HEAD, *_summary(requirements, deviations, by_id)]
    titles = read_section_titles()
    for document, title in DOCUMENTS.items():
        lines += [f"## {title}", ""]
        for section in dict.fromkeys(one.section for one in requirements if one.section.startswith(f"{document}.")):
            rows = [_row(one, by_id, untested) for one in requirements if one.section == section]
            lines += [
                f"### {titles[section]}",
                "",
                "| Requirement | Level | Since | Held by |",
                "| --- | --- | --- | --- |",
            ]
            lines += [*rows, ""]
    lines += ["## Where specification and reference differ", "", _DEVIATIONS, ""]
    for one in deviations:
        lines += [*_deviation(one, by_id, untested), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


_DEVIATIONS = "What the specification says, what the reference lifecycle 0.21.12 does, and what we decided."


def _summary(
    requirements: Sequence[Requirement], deviations: Sequence[Deviation], by_id: Mapping[str, Any]
) -> Iterator[str]:
    yield "| | all | with a test |"
    yield "| --- | --- | --- |"
    for label, chosen in (
        ("MUST and MUST NOT", [one.id for one in requirements if one.binding]),
        ("SHOULD and SHOULD NOT", [one.id for one in requirements if not one.binding]),
        ("Decisions on deviations", [one.id for one in deviations]),
    ):
        yield f"| {label} | {len(chosen)} | {sum(name in by_id for name in chosen)} |"
    yield ""


def _row(one: Requirement, by_id: Mapping[str, list[MarkedTest]], untested: Mapping[str, str]) -> str:
    level = one.level.replace("-", " ").upper()
    who = f" *(on the {one.on})*" if one.on != "lifecycle" else ""
    name = one.id.removeprefix(f"{one.section}.")
    return f"| **{name}** {_cell(one.text)}{who} | {level} | {one.since} | {_held_by(one.id, by_id, untested)} |"


def _held_by(name: str, by_id: Mapping[str, list[MarkedTest]], untested: Mapping[str, str]) -> str:
    tests = by_id.get(name, [])
    if tests:
        return ", ".join(f"[{_short(test)}](../../{test.path})" for test in tests)
    return f"no test yet: {_cell(untested[name])}" if name in untested else "no test"


def _short(test: MarkedTest) -> str:
    return f"{Path(test.path).stem.removeprefix('test_')}::{test.name.replace('::test_', '.').removeprefix('test_')}"


def _deviation(one: Deviation, by_id: Mapping[str, list[MarkedTest]], untested: Mapping[str, str]) -> Iterator[str]:
    yield f"### {one.id.removeprefix('deviation.')}"
    yield ""
    yield f"- Specification: {one.spec}"
    yield f"- Reference: {one.reference}"
    yield f"- Ours: **{one.ours}** {one.why}{_record(one.record)}"
    yield f"- Held by: {_held_by(one.id, by_id, untested)}"


def _record(number: int | None) -> str:
    if number is None:
        return ""
    (file,) = (REPOSITORY / "docs" / "decisions").glob(f"{number:04d}-*.md")
    return f" See [decision {number:04d}](../decisions/{file.name})."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())
