"""What is known about Ruby's release lines: when each ends, and which release is its newest.

The inventory is ``releases.toml``. It only makes warnings, and no date reaches anything but the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from buildpacks.sdk import BuildContext, Version, parse_version, read_toml

_FILE = Path(__file__).with_name("releases.toml")
_NOTICE = timedelta(days=180)
_OLDEST = (3, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseLine:
    """A release line, such as 3.3; ``end_of_life`` is the last day on which it gets security fixes."""

    line: tuple[int, int]
    end_of_life: date
    newest: Version


def read_releases(file: Path = _FILE) -> dict[tuple[int, int], ReleaseLine]:
    """Read the inventory, by release line."""
    lines = {}
    for table in read_toml(file).tables("lines"):
        major, minor = map(int, table.text("line").split("."))
        lines[major, minor] = ReleaseLine(
            line=(major, minor), end_of_life=table.data["end_of_life"], newest=parse_version(table.text("newest"))
        )
    return lines


def warn_about_ruby(context: BuildContext, version: Version, today: date) -> None:
    """Say what will hurt later about the version a build uses."""
    for what, advice in version_warnings(version, today, read_releases()):
        context.output.warning(what, advice)


def version_warnings(
    version: Version, today: date, releases: Mapping[tuple[int, int], ReleaseLine]
) -> list[tuple[str, str]]:
    """Give each warning about a version: what it is, and what to do. Pure."""
    major, minor = version.numbers[:2]
    if (major, minor) < _OLDEST:
        return [(f"Ruby {version} has had no security fixes for years", "Move the app to a newer Ruby soon.")]
    known = releases.get((major, minor))
    if known is None:
        return []
    warnings = []
    line = f"Ruby {major}.{minor}"
    if today > known.end_of_life:
        what = f"{line} gets no security fixes since {known.end_of_life:%B %Y}"
        warnings.append((what, "Move the app to a newer Ruby soon."))
    elif today > known.end_of_life - _NOTICE:
        what = f"{line} gets its last security fixes in {known.end_of_life:%B %Y}"
        warnings.append((what, "Plan the move to a newer Ruby."))
    if version < known.newest:
        advice = f"Write ruby \"{known.newest}\" into the Gemfile and run 'bundle update --ruby'."
        warnings.append((f"A patch update is available: Ruby {known.newest}", advice))
    return warnings
