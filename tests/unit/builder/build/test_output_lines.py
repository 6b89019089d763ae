"""From printed bytes to lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.build.output_lines import LONGEST_LINE, LineSplitter


def _lines(*reads: bytes) -> list[str]:
    splitter = LineSplitter()
    return [line for data in reads for line in splitter.feed(data)] + list(splitter.finish())


@pytest.mark.parametrize(
    ("reads", "lines"),
    [
        ((b"a\nb",), ["a", "b"]),
        ((b"a", b"b\n", b"\n"), ["ab", ""]),
        ((b"a\r\nb\r\n",), ["a", "b"]),
        ((b"10%\r", b"50%\r100%\ndone\n"), ["100%", "done"]),
        ((b"\xc3", b"\xa4\n"), ["ä"]),
        ((b"\xff\n",), ["\ufffd"]),
        ((), []),
    ],
)
def test_lines(reads: tuple[bytes, ...], lines: list[str]) -> None:
    """Lines are whole whatever the reads; a redrawn line shows its newest state."""
    assert _lines(*reads) == lines


def test_endless_line_is_given_in_pieces() -> None:
    """A program that never ends a line cannot fill the memory."""
    lines = _lines(b"x" * (2 * LONGEST_LINE + 1))

    assert [len(line) for line in lines] == [LONGEST_LINE, LONGEST_LINE, 1]


def test_endless_progress_bar_is_not_kept() -> None:
    """Nor can a progress bar that is redrawn for ever."""
    assert _lines(*[b"50%\r"] * 100_000) == ["50%"]


@given(st.text(st.characters(exclude_characters="\r", codec="utf-8"), max_size=60), st.lists(st.integers(0, 200)))
def test_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    """Wherever reads are cut, the lines are those of the whole text."""
    data = text.encode()
    places = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]

    assert _lines(*pieces) == _lines(data)
