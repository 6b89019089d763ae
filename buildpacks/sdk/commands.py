"""Running programs: output streamed line by line without secrets, and a typed failure when they fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from buildpacks.sdk.errors import CommandFailedError, CommandNotFoundError
from buildpacks.sdk.redaction import Redactor

_KEPT_LINES, _SHOWN_LINES = 500, 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program to run: its argument list, its whole environment, and its working directory."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_dir: Path


class RunProgram(Protocol):
    """**Protocol:** runs a command and gives its status; called by ``run`` only. Tests pass a table instead."""

    def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        """Run the command, hand over each line of its merged output, and give its exit status."""


def run(command: Command, runner: RunProgram, redactor: Redactor, show: Callable[[str], None]) -> tuple[str, ...]:
    """Run a command and give its output, as lines.

    Raises:
        CommandFailedError: its status is not zero.
        CommandNotFoundError: there is no such program.
    """
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        show(redactor(line))

    status = runner(command, on_line)
    if status != 0:
        kept = tuple(redactor(line) for line in lines[-_KEPT_LINES:] if line.strip())
        raise CommandFailedError(
            argv=tuple(map(redactor, command.argv)), status=status, last_lines=kept[-_SHOWN_LINES:], lines=kept
        )
    return tuple(lines)


def run_program(command: Command, on_line: Callable[[str], None]) -> int:
    """Run a real program (the ``RunProgram`` of production). Standard input is empty."""
    import shutil
    import subprocess

    program = shutil.which(command.argv[0], path=command.environment.get("PATH", ""))
    if program is None:
        raise CommandNotFoundError(program=command.argv[0])
    with subprocess.Popen(
        [program, *command.argv[1:]],
        env=dict(command.environment),
        cwd=command.working_dir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        if process.stdout is not None:
            for line in process.stdout:
                # A progress bar redraws its line with carriage returns: its last state is what a log wants.
                on_line(line.decode(errors="replace").rstrip("\r\n").rpartition("\r")[2])
    return process.returncode


def to_argv(arguments: Sequence[str | Path]) -> tuple[str, ...]:
    """Turn arguments into the texts that are passed."""
    return tuple(str(argument) for argument in arguments)
