"""Reporters of the command line: for people (plain or on a terminal) and for machines (JSON lines). All to stderr."""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from typing import IO

import click

from builder.cli.options import COLOR, Progress
from lifecycle_py.output import Event, Kind, Reporter

_SHOWN_FROM_SECONDS = 0.05
# Control sequences (of which those that end in m are colours), operating system commands, and two-byte escapes.
_ESCAPES = re.compile(r"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[^\[\]]?")


class PlainReporter(Reporter):
    """Lines without colours or motion, for logs. Progress is not shown."""

    def __init__(self, stream: IO[str], *, color: bool = False) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._color = color
        self._lock = threading.Lock()
        self._first = True

    def emit(self, event: Event) -> None:
        """Write one line."""
        if event.kind is Kind.PROGRESS:
            return
        with self._lock:
            self._write(self._line(event))

    def _line(self, event: Event) -> str:
        text = printable(event.text, color=self._color) + _duration(event)
        if event.kind is Kind.HEADER:
            gap = "" if self._first else "\n"
            self._first = False
            return gap + self._styled(text, bold=True)
        lines = {
            Kind.STEP: f"  {text}",
            Kind.DETAIL: "    " + self._styled(text, dim=True),
            Kind.COMMAND: "    " + self._styled(f"$ {text}", dim=True),
            Kind.OUTPUT: f"  {text}".rstrip(),
            Kind.WARNING: self._styled("  Warning: ", fg="yellow") + text,
            Kind.ERROR: self._styled("  Error: ", fg="red") + text,
        }
        return lines.get(event.kind, text)

    def _styled(self, text: str, *, bold: bool | None = None, dim: bool | None = None, fg: str | None = None) -> str:
        return click.style(text, bold=bold, dim=dim, fg=fg) if self._color else text

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


class TerminalReporter(PlainReporter):
    """The same lines with colours, and one line of progress that is overwritten."""

    def __init__(self, stream: IO[str], *, color: bool) -> None:
        """Write to the terminal ``stream``."""
        super().__init__(stream, color=color)
        self._showing = False

    def emit(self, event: Event) -> None:
        """Write a line, or overwrite the progress line."""
        with self._lock:
            if self._showing:
                self._stream.write("\r\x1b[2K")
                self._showing = False
            if event.kind is not Kind.PROGRESS:
                self._write(self._line(event))
                return
            width = shutil.get_terminal_size().columns - 5
            text = printable(event.text, color=False)
            self._stream.write("  " + self._styled(f"… {text}"[:width], dim=True))
            self._stream.flush()
            self._showing = True


class JsonReporter(Reporter):
    """One JSON object per line: ``kind``, ``text`` and the event's own fields (docs/reference/machine-output.md)."""

    def __init__(self, stream: IO[str]) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Write one object."""
        line = json.dumps({"kind": event.kind, "text": event.text, **event.fields}, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


def make_reporter(progress: Progress) -> Reporter:
    """Choose a reporter for stderr."""
    if progress is Progress.JSON:
        return JsonReporter(sys.stderr)
    if progress is Progress.AUTO and sys.stderr.isatty():
        return TerminalReporter(sys.stderr, color=COLOR.resolve(sys.stderr))
    return PlainReporter(sys.stderr, color=COLOR.resolve(sys.stderr))


def printable(text: str, *, color: bool) -> str:
    """Make what a buildpack printed harmless for a terminal: colours stay where they are wanted, all else goes.

    Cursor movements, titles and the like would let an app rewrite what was said before.
    """
    kept = _ESCAPES.sub(lambda found: found[0] if color and found[0].endswith("m") else "", text)
    return "".join(one for one in kept if one in "\t\n\x1b" or one.isprintable())


def _duration(event: Event) -> str:
    seconds = event.fields.get("seconds")
    if not isinstance(seconds, int | float) or seconds < _SHOWN_FROM_SECONDS:
        return ""
    return f" ({human_seconds(seconds)})"


def human_seconds(seconds: float) -> str:
    """Give a duration as people say it."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.0f} s" if minutes else f"{rest:.1f} s"


def human_size(size: int) -> str:
    """Give a size in bytes as people say it, in decimal units; below zero it is not known."""
    if size < 0:
        return "unknown"
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"  # noqa: PLR2004
        value /= 1000
    return f"{value:.2f} GB"
