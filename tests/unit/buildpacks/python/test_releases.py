"""What is known about Python's release lines, and the warnings it makes."""

from __future__ import annotations

from datetime import date

import pytest

from buildpacks.python.releases import read_releases, version_warnings
from buildpacks.sdk import parse_version

RELEASES = read_releases()


def _warnings(version: str, today: date, *, is_exact: bool = False) -> list[str]:
    found = version_warnings(parse_version(version), is_exact=is_exact, today=today, releases=RELEASES)
    return [one.what for one in found]


def test_inventory_is_whole() -> None:
    """Lines stand in order without a gap, and each newest release is of its line."""
    assert list(RELEASES) == [(3, minor) for minor in range(10, 10 + len(RELEASES))]
    assert all(one.newest.numbers[:2] == line and len(one.newest.numbers) == 3 for line, one in RELEASES.items())


def test_inventory_is_maintained() -> None:
    """Each line ends a year after the one before: five years after its release in October."""
    ends = [one.end_of_life for one in RELEASES.values()]

    assert [end.year for end in ends] == list(range(ends[0].year, ends[0].year + len(ends)))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 4, 1), []),
        (date(2026, 9, 1), ["Python 3.10 gets its last security fixes in October 2026"]),
        (date(2026, 10, 31), ["Python 3.10 gets its last security fixes in October 2026"]),
        (date(2026, 11, 1), ["Python 3.10 gets no security fixes since October 2026"]),
    ],
)
def test_end_of_life(today: date, expected: list[str]) -> None:
    """A line that ends within half a year, or has ended, is warned about."""
    assert _warnings("3.10.22", today) == expected


@pytest.mark.parametrize(
    ("version", "exact", "warns"), [("3.12.1", True, True), ("3.12.1", False, False), ("3.12.99", True, False)]
)
def test_patch_update(version: str, *, exact: bool, warns: bool) -> None:
    """An app that asks for an old release is told of the newest; one that asks for a line gets what there is."""
    expected = [f"A patch update is available: Python {RELEASES[3, 12].newest}"] if warns else []

    assert _warnings(version, date(2025, 1, 1), is_exact=exact) == expected


def test_unknown_line() -> None:
    """A line the inventory does not have yet makes no warning."""
    assert _warnings("3.99.0", date(2026, 1, 1), is_exact=True) == []
