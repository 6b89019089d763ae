"""What can be wrong with a Dockerfile, with its text.

ExplainedError
└── DockerfileError          an instruction cannot be read, or is not allowed where it stands
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lifecycle_py.spec.errors import ExplainedError, Explanation


class StepError(ValueError):
    """An instruction cannot be carried out; the message says why, and whoever catches it knows where."""


@dataclass(eq=False, kw_only=True)
class DockerfileError(ExplainedError):
    """A Dockerfile breaks the rules. ``line`` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    problem: str
    fix: str = ""
    exit_code: ClassVar[int] = 92

    def explain(self) -> Explanation:
        """Name file and line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return Explanation(what=f"{place} cannot be applied", why=self.problem, fix=(self.fix,) if self.fix else ())
