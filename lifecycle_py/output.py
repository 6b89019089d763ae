"""The Reporter port: what the phases and the platform tell a person or a machine while they work.

Kinds of events, not strings, cross this port; each implementation decides how a kind looks.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an event is."""

    HEADER = "header"  # a new part of the work: a phase or a buildpack
    STEP = "step"  # something decided or done, with its reason
    DETAIL = "detail"  # more about the step before
    COMMAND = "command"  # a command line that is about to run
    OUTPUT = "output"  # a line a buildpack or a command printed
    PROGRESS = "progress"  # how far a longer step is; only the newest matters
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to tell. ``fields`` holds the facts behind the text for machines, as JSON values."""

    kind: Kind
    text: str
    fields: Mapping[str, object] = field(default_factory=dict)


class Reporter(ABC):
    """**Port.** An implementation gives ``emit``; everything else speaks through it. Safe to call from threads."""

    @abstractmethod
    def emit(self, event: Event) -> None:
        """Tell one event."""

    def header(self, text: str, **fields: object) -> None:
        """Begin a part of the work."""
        self.emit(Event(Kind.HEADER, text, fields))

    def step(self, text: str, **fields: object) -> None:
        """Tell a decision or a result; the field ``seconds`` is shown as a duration."""
        self.emit(Event(Kind.STEP, text, fields))

    def detail(self, text: str, **fields: object) -> None:
        """Tell more about the step before."""
        self.emit(Event(Kind.DETAIL, text, fields))

    def command(self, text: str, **fields: object) -> None:
        """Tell a command line about to run."""
        self.emit(Event(Kind.COMMAND, text, fields))

    def output(self, text: str, **fields: object) -> None:
        """Pass on a line that a buildpack printed."""
        self.emit(Event(Kind.OUTPUT, text, fields))

    def progress(self, text: str, **fields: object) -> None:
        """Tell how far a longer step is."""
        self.emit(Event(Kind.PROGRESS, text, fields))

    def warning(self, text: str, **fields: object) -> None:
        """Warn."""
        self.emit(Event(Kind.WARNING, text, fields))

    def error(self, text: str, **fields: object) -> None:
        """Tell a failure."""
        self.emit(Event(Kind.ERROR, text, fields))

    @contextmanager
    def timed_step(self, doing: str, done: str, **fields: object) -> Iterator[None]:
        """Show ``doing`` as progress while the block runs, then ``done`` as a step with its duration in seconds."""
        self.progress(doing)
        begin = time.monotonic()
        yield
        self.step(done, seconds=round(time.monotonic() - begin, 3), **fields)


class SilentReporter(Reporter):
    """Tells nobody; for library use and tests."""

    def emit(self, event: Event) -> None:
        """Drop the event."""


class RecordingReporter(Reporter):
    """Keeps every event; for tests and for output that is shown only when something failed."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Keep the event."""
        self.events.append(event)

    def texts(self, kind: Kind | None = None) -> list[str]:
        """Give the texts of one kind, or of all."""
        return [event.text for event in self.events if kind is None or event.kind is kind]
