"""Session: how a phase runs a buildpack's programs, wherever they run.

The platform opens a session (sandbox, container, or this very place) and hands it to the phases; a phase only
says which command to run. Paths that a buildpack sees may differ from where the lifecycle finds the same files:
``Place`` holds both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from lifecycle_py.errors import UnsafeLinkError

OutputLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """A file or directory with two names: ``host`` for the lifecycle, ``inside`` for a buildpack. Both absolute."""

    host: Path
    inside: PurePosixPath

    @classmethod
    def here(cls, path: Path) -> Place:
        """Make a place that has the same name on both sides."""
        return cls(path, PurePosixPath(path))

    def __truediv__(self, name: str) -> Place:
        """Go down by one or more names."""
        return Place(self.host / name, self.inside / name)

    def checked(self, root: Place) -> Path:
        """Give the host path of a file a buildpack wrote, sure that no link leads out of ``root``.

        Raises:
            UnsafeLinkError: the path resolves outside, which would read the host's files for the buildpack.
        """
        resolved = Path(os.path.realpath(self.host))
        if not resolved.is_relative_to(os.path.realpath(root.host)):
            raise UnsafeLinkError(path=str(self.inside), root=str(root.inside))
        return self.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command to run: ``argv`` and ``working_dir`` as seen inside, the environment complete."""

    argv: tuple[str, ...]
    env: Mapping[str, bytes] = field(default_factory=dict)
    working_dir: PurePosixPath = PurePosixPath("/")  # noqa: RUF009 - immutable


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a command ended: its exit code, or 128 + the signal that ended it."""

    code: int

    @property
    def ok(self) -> bool:
        """Tell whether the command succeeded."""
        return self.code == 0

    def __str__(self) -> str:
        """Give the form of messages: ``exit code 1`` or ``signal 9``."""
        return f"signal {self.code - 128}" if self.code > 128 else f"exit code {self.code}"  # noqa: PLR2004


class Session(Protocol):
    """**Port.** A place where commands run; several may run at once, from several threads."""

    def run(self, command: Command, on_line: OutputLine) -> ExitStatus:
        """Run a command to its end, giving every line of its stdout and stderr to ``on_line``.

        Never raises for a status that is not zero; raises when the command could not be started at all.
        """
        ...
