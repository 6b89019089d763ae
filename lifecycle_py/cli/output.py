"""The log of the phase programs: plain lines on stdout, warnings and errors on stderr, as the specification asks."""

from __future__ import annotations

import sys
import threading

from lifecycle_py.output import Event, Kind, Reporter

_PREFIXES = {Kind.HEADER: "===> ", Kind.WARNING: "Warning: ", Kind.ERROR: "ERROR: "}


class LogReporter(Reporter):
    """Writes each event as a line; progress is for terminals and is left out."""

    def __init__(self) -> None:
        """Start logging."""
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Write one line."""
        if event.kind is Kind.PROGRESS:
            return
        stream = sys.stderr if event.kind in {Kind.WARNING, Kind.ERROR} else sys.stdout
        with self._lock:
            stream.write(f"{_PREFIXES.get(event.kind, '')}{event.text}\n")
            stream.flush()
