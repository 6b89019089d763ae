"""A session that runs commands right here and remembers them; programs are real, only their isolation is missing."""

from __future__ import annotations

import threading

from lifecycle_py.in_place import InPlaceSession
from lifecycle_py.session import Command, ExitStatus, OutputLine


class RecordingSession:
    """Implements ``Session``. ``commands`` has every command in the order it was started."""

    def __init__(self) -> None:
        """Start with nothing recorded."""
        self.commands: list[Command] = []
        self._session = InPlaceSession()
        self._lock = threading.Lock()

    def run(self, command: Command, on_line: OutputLine) -> ExitStatus:
        """Run a command and remember it."""
        with self._lock:
            self.commands.append(command)
        return self._session.run(command, on_line)

    def programs(self, name: str) -> list[str]:
        """Give the buildpack directories whose ``bin/<name>`` was run, sorted."""
        suffix = f"/bin/{name}"
        paths = [command.argv[0] for command in self.commands]
        return sorted(path.removesuffix(suffix).split("/")[-2] for path in paths if path.endswith(suffix))
