"""From the bytes a program prints to lines of text: partial reads, progress bars and broken encodings included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

# A longer line is given in pieces, so that a program that never ends a line cannot fill the memory.
LONGEST_LINE: Final = 64 * 1024


class LineSplitter:
    """Takes bytes as they come and gives whole lines, without their end, as text."""

    def __init__(self) -> None:
        """Start at the beginning of a line."""
        self._pending = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Give every line that ``data`` completes."""
        *complete, self._pending = (self._pending + data).split(b"\n")
        for line in complete:
            yield _visible(line)
        if b"\r" in self._pending[:-1]:  # a progress bar was redrawn: only its newest state is kept
            self._pending = self._pending[self._pending.rindex(b"\r", 0, -1) + 1 :]
        while len(self._pending) > LONGEST_LINE:
            piece, self._pending = self._pending[:LONGEST_LINE], self._pending[LONGEST_LINE:]
            yield _visible(piece)

    def finish(self) -> Iterator[str]:
        """Give the last line when it had no end."""
        if self._pending:
            yield _visible(self._pending)
        self._pending = b""


def _visible(line: bytes) -> str:
    """Give what a terminal shows of a line: a carriage return lets the text after it replace the text before."""
    return line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
