"""The log of the phase programs: plain lines on stdout, warnings and errors on stderr, as the specification asks."""

from __future__ import annotations

import sys
import threading
from enum import IntEnum

from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.output import Event, Kind, Reporter

_PREFIXES = {Kind.HEADER: "===> ", Kind.WARNING: "Warning: ", Kind.ERROR: "ERROR: "}


class Level(IntEnum):
    """How much is said; each level says what those after it say, too."""

    DEBUG = 0
    INFO = 1
    WARN = 2
    ERROR = 3

    @classmethod
    def parse(cls, text: str) -> Level:
        """Read a level's name.

        Raises:
            InvalidArgumentError: there is no such level.
        """
        names = {level.name.lower(): level for level in cls} | {"warning": cls.WARN}
        if text.lower() not in names:
            raise InvalidArgumentError(problem=f"invalid log level '{text}'; there are {', '.join(names)}")
        return names[text.lower()]


_LEVELS = {Kind.WARNING: Level.WARN, Kind.ERROR: Level.ERROR}


class LogReporter(Reporter):
    """Writes each event as a line; progress is for terminals and is left out."""

    def __init__(self, level: Level = Level.INFO) -> None:
        """Start logging what is at least of this level."""
        self.level = level
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Write one line."""
        level = _LEVELS.get(event.kind, Level.INFO)
        if event.kind is Kind.PROGRESS or level < self.level:
            return
        stream = sys.stderr if level >= Level.WARN else sys.stdout
        with self._lock:
            stream.write(f"{_PREFIXES.get(event.kind, '')}{event.text}\n")
            stream.flush()
