"""Warnings about Ruby's release lines."""

from __future__ import annotations

from datetime import date

import pytest

from buildpacks.ruby.releases import ReleaseLine, read_releases, version_warnings
from buildpacks.sdk import Version

LINE = ReleaseLine(line=(3, 3), end_of_life=date(2027, 3, 31), newest=Version((3, 3, 9)))


@pytest.mark.parametrize(
    ("version", "today", "expected"),
    [
        ((3, 3, 9), date(2026, 1, 1), []),
        ((3, 3, 14), date(2026, 1, 1), []),
        ((3, 3, 1), date(2026, 1, 1), ["A patch update is available: Ruby 3.3.9"]),
        ((3, 3, 9), date(2026, 12, 1), ["Ruby 3.3 gets its last security fixes in March 2027"]),
        ((3, 3, 9), date(2027, 4, 1), ["Ruby 3.3 gets no security fixes since March 2027"]),
        ((2, 7, 8), date(2026, 1, 1), ["Ruby 2.7.8 has had no security fixes for years"]),
        ((9, 0, 0), date(2026, 1, 1), []),
    ],
)
def test_warnings(version: tuple[int, ...], today: date, expected: list[str]) -> None:
    """An old line, the end of one, and a newer patch are told; a line nobody knows yet is not."""
    warnings = version_warnings(Version(version), today, {(3, 3): LINE})

    assert [what for what, _advice in warnings] == expected


def test_inventory_is_whole() -> None:
    """Each line's newest release is of that line."""
    assert all(known.newest.numbers[:2] == line for line, known in read_releases().items())
