"""Sizes and ages as people write them."""

from __future__ import annotations

import pytest

from builder.caches.quantities import human_age, parse_age, parse_size
from builder.errors import InvalidAgeError, InvalidSizeError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1000", 1000),
        ("5B", 5),
        ("2kB", 2000),
        ("2KB", 2000),
        ("1.5GB", 1_500_000_000),
        (" 20 GB ", 20_000_000_000),
        ("1T", 10**12),
        ("1MiB", 1 << 20),
        ("1Gi", 1 << 30),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """Decimal units, and binary ones with an i."""
    assert size == parse_size(text, "x")


@pytest.mark.parametrize("text", ["", "GB", "-1", "1,5GB", "1XB", "5gb", "1e3", "1 2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The option that has it is named."""
    with pytest.raises(InvalidSizeError, match="--max-size"):
        parse_size(text, "--max-size")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("2m", 120), ("1.5h", 5400), ("30d", 2_592_000), ("2w", 1_209_600)]
)
def test_ages(text: str, seconds: float) -> None:
    """A number with its unit."""
    assert seconds == parse_age(text, "x")


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1y", "1d2h"])
def test_what_is_no_age_is_refused(text: str) -> None:
    """A number alone says too little."""
    with pytest.raises(InvalidAgeError, match="--older-than"):
        parse_age(text, "--older-than")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (59, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (90_000, "1 day ago")],
)
def test_ages_are_told_in_the_largest_unit(seconds: float, text: str) -> None:
    """No fractions."""
    assert text == human_age(seconds)
