"""Every error of Offramp explains itself; the base of all of them, and the texts of this package.

ExplainedError
├── TomlSyntaxError          a file is not TOML
├── TomlUnreadableError      a file could not be read at all
├── TomlValueError           a key is missing, or holds the wrong type or an impossible value
├── TomlWriteError           what was written would not read back equal
├── InvalidIdentifierError   a buildpack id, layer name or process type breaks the specification's rules
└── UnsupportedApiError      an API version this lifecycle does not speak
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class Source(StrEnum):
    """Who can mend an error; it picks the closing advice."""

    USER = "user"
    OURS = "ours"
    NETWORK = "network"


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What a person is told: what happened (one line), why, and the steps that mend it."""

    what: str
    why: str = ""
    fix: tuple[str, ...] = ()


class ExplainedError(Exception):
    """Base of every error Offramp raises on purpose.

    A subclass carries data only; ``explain`` turns it into text, so that a raise never words a message.
    """

    exit_code: ClassVar[int] = 1
    source: ClassVar[Source] = Source.USER
    phase: str = ""  # which phase of a whole build it ended, set where phases follow each other

    def explain(self) -> Explanation:
        """Say what happened, why, and what to do."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Give the text that logs and tests see: what happened and why."""
        explanation = self.explain()
        return f"{explanation.what}: {explanation.why}" if explanation.why else explanation.what


def nearest(name: str, candidates: list[str] | tuple[str, ...]) -> str | None:
    """Find the candidate a misspelled name most likely meant, or None when nothing is close."""
    import difflib

    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return close[0] if close else None


@dataclass(eq=False, kw_only=True)
class TomlSyntaxError(ExplainedError):
    """A file is not TOML. ``problem`` holds the parser's words with line and column."""

    file: Path
    problem: str

    def explain(self) -> Explanation:
        """Name the file and give the parser's position."""
        return Explanation(
            what=f"'{self.file}' is not valid TOML",
            why=self.problem,
            fix=(f"Correct '{self.file.name}' at the position named above.",),
        )


@dataclass(eq=False, kw_only=True)
class TomlUnreadableError(ExplainedError):
    """A file could not be read: missing, a directory, no permission, or not UTF-8."""

    file: Path
    problem: str

    def explain(self) -> Explanation:
        """Name the file and give the operating system's words."""
        return Explanation(what=f"Cannot read '{self.file}'", why=self.problem)


@dataclass(eq=False, kw_only=True)
class TomlValueError(ExplainedError):
    """A key of a document is missing or holds something the document does not allow."""

    file: Path
    key: str
    problem: str
    suggestion: str | None = None

    def explain(self) -> Explanation:
        """Name file and key, and the nearest right key where one was meant."""
        fix = (f"Did you mean '{self.suggestion}'?",) if self.suggestion else ()
        return Explanation(what=f"'{self.file}' has a problem at '{self.key}'", why=self.problem, fix=fix)


@dataclass(eq=False, kw_only=True)
class TomlWriteError(ExplainedError):
    """A document changed on its way through the writer; nothing was written."""

    file: Path
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Name the file that was not written."""
        return Explanation(
            what=f"Refusing to write '{self.file}'",
            why="its text would not read back as the values it was written from",
        )


@dataclass(eq=False, kw_only=True)
class InvalidIdentifierError(ExplainedError):
    """An identifier breaks the specification's rule for its kind."""

    kind: str
    value: str
    rule: str

    def explain(self) -> Explanation:
        """Quote the identifier and its rule."""
        return Explanation(what=f"'{self.value}' is not a valid {self.kind}", why=self.rule)


@dataclass(eq=False, kw_only=True)
class UnsupportedApiError(ExplainedError):
    """An API version is malformed or outside of what this lifecycle supports."""

    kind: str
    version: str
    owner: str
    supported: tuple[str, ...]
    exit_code: ClassVar[int] = 12

    def explain(self) -> Explanation:
        """Name the version, who declares it, and the versions supported."""
        return Explanation(
            what=f"{self.kind} API '{self.version}' of {self.owner} is not supported",
            why=f"supported versions are {', '.join(self.supported)}",
            fix=(f"Declare one of the supported {self.kind} API versions, or use a lifecycle that supports this one.",),
        )
