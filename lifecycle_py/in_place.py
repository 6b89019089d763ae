"""A session right here: buildpacks run as children of the lifecycle, as in a builder image that ``pack`` starts."""

from __future__ import annotations

import os
import subprocess

from lifecycle_py.errors import ProgramNotStartedError
from lifecycle_py.session import Command, ExitStatus, OutputLine


class InPlaceSession:
    """Implements ``Session`` without any isolation: whoever starts the lifecycle has provided it."""

    def run(self, command: Command, on_line: OutputLine) -> ExitStatus:
        """Run a command with exactly its environment.

        Raises:
            ProgramNotStartedError: there is no such program, or it may not be run.
        """
        try:
            process = subprocess.Popen(
                command.argv,
                env={name: os.fsdecode(value) for name, value in command.env.items()},
                cwd=command.working_dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise ProgramNotStartedError(program=command.argv[0], problem=error.strerror or str(error)) from error
        with process:
            for line in process.stdout or ():
                on_line(line.decode(errors="replace").rstrip("\n"))
        code = process.returncode
        return ExitStatus(code if code >= 0 else 128 - code)
