"""What is known about Python's release lines: when each ends, and which release is its newest.

The inventory is ``releases.toml``. It only makes warnings: what can be installed is what the stack has or uv knows, and
no date reaches anything but the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from buildpacks.sdk import BuildContext, Version, parse_version, read_toml

_FILE = Path(__file__).with_name("releases.toml")
_NOTICE = timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseLine:
    """A release line, such as 3.13; ``end_of_life`` is the last day on which it gets security fixes."""

    line: tuple[int, int]
    end_of_life: date
    newest: Version


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionWarning:
    """Something about a version that will hurt later, and what to do about it."""

    what: str
    advice: str


def read_releases(file: Path = _FILE) -> dict[tuple[int, int], ReleaseLine]:
    """Read the inventory, by release line."""
    tables = read_toml(file).tables("lines")
    lines = [_parse(table.text("line"), table.data["end_of_life"], table.text("newest")) for table in tables]
    return {line.line: line for line in lines}


def warn_about_version(context: BuildContext, version: Version, *, is_exact: bool, today: date) -> None:
    """Say what will hurt later about the version a build uses."""
    for warning in version_warnings(version, is_exact=is_exact, today=today, releases=read_releases()):
        context.output.warning(warning.what, warning.advice)


def version_warnings(
    version: Version, *, is_exact: bool, today: date, releases: Mapping[tuple[int, int], ReleaseLine]
) -> list[VersionWarning]:
    """Give the warnings about the version a build uses.

    Args:
        version: the version.
        is_exact: whether the app asks for this very release. A line is followed by the stack or by uv.
        today: the date.
        releases: the inventory.
    """
    major, minor = version.numbers[:2]
    known = releases.get((major, minor))
    if known is None:
        return []
    warnings = []
    line = f"Python {major}.{minor}"
    if today > known.end_of_life:
        what = f"{line} gets no security fixes since {known.end_of_life:%B %Y}"
        warnings.append(VersionWarning(what=what, advice="Move the app to a newer Python soon."))
    elif today > known.end_of_life - _NOTICE:
        what = f"{line} gets its last security fixes in {known.end_of_life:%B %Y}"
        warnings.append(VersionWarning(what=what, advice="Plan the move to a newer Python."))
    if is_exact and version < known.newest:
        what = f"A patch update is available: Python {known.newest}"
        advice = f"Ask for '{major}.{minor}' instead of '{version}' to get updates by themselves."
        warnings.append(VersionWarning(what=what, advice=advice))
    return warnings


def _parse(line: str, end_of_life: date, newest: str) -> ReleaseLine:
    major, minor = map(int, line.split("."))
    return ReleaseLine(line=(major, minor), end_of_life=end_of_life, newest=parse_version(newest))
