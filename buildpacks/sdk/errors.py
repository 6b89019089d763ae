"""What can go wrong in the SDK's own acts, and the base of every buildpack's errors.

ExplainedError                  (lifecycle_py.spec) carries data, explains itself
├── MissingInputError           the lifecycle did not say something it has to say
├── FileUnreadableError         a file of the app exists, but cannot be read as text
├── CommandNotFoundError        a program is not installed in the build image
├── CommandFailedError          a program ended with a non-zero status
├── HookFailedError             a hook of the app ended with a non-zero status
├── DownloadFailedError         the network or the server failed, also after retries
├── DownloadNotFoundError       the server has no such file (never used for a slow network)
├── ChecksumMismatchError       a download is not the file that was asked for; nothing was unpacked
├── UnsafeArchiveError          an archive cannot be unpacked, or would write outside of its directory
├── UnknownRulesError           a setting names none of the sets of rules
├── VersionSyntaxError          a version or a version request cannot be understood
└── VersionNotFoundError        no known version satisfies a request
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source

__all__ = [
    "ChecksumMismatchError",
    "CommandFailedError",
    "CommandNotFoundError",
    "DownloadFailedError",
    "DownloadNotFoundError",
    "ExplainedError",
    "Explanation",
    "FileUnreadableError",
    "HookFailedError",
    "MissingInputError",
    "Source",
    "UnknownRulesError",
    "UnsafeArchiveError",
    "VersionNotFoundError",
    "VersionSyntaxError",
]


@dataclass(eq=False, kw_only=True)
class MissingInputError(ExplainedError):
    """A buildpack was started without an input the specification promises."""

    variable: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Name the variable."""
        return Explanation(
            what=f"'{self.variable}' is not set",
            why="a buildpack is started by a lifecycle, which sets this variable for it",
            fix=("Build with 'offramp build', or with another platform that speaks Buildpack API 0.10 or newer.",),
        )


@dataclass(eq=False, kw_only=True)
class FileUnreadableError(ExplainedError):
    """A file of the app is there, but is a directory, not permitted, or not UTF-8 text."""

    file: Path
    problem: str

    def explain(self) -> Explanation:
        """Name the file and give the operating system's words."""
        return Explanation(
            what=f"Cannot read '{self.file.name}'",
            why=f"'{self.file}': {self.problem}",
            fix=("Make it a plain text file in UTF-8 that everyone may read.",),
        )


@dataclass(eq=False, kw_only=True)
class CommandNotFoundError(ExplainedError):
    """A program is not on the PATH of the build."""

    program: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Name the program."""
        return Explanation(
            what=f"The program '{self.program}' is not installed in the build image",
            why="it is not in any directory of PATH",
            fix=("Use a build image that has it, such as Offramp's own stack.",),
        )


@dataclass(eq=False, kw_only=True)
class CommandFailedError(ExplainedError):
    """A program failed. What it was given and said is redacted before it gets here.

    ``last_lines`` are for people; ``lines`` is more of the output, for whoever looks for the reason in it.
    """

    argv: tuple[str, ...]
    status: int
    last_lines: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Give the command and how it ended; its output stands in the log above."""
        import shlex

        ending = f"ended with status {self.status}" if self.status >= 0 else f"was ended by signal {-self.status}"
        return Explanation(what=f"The command '{shlex.join(self.argv)}' {ending}", why="\n".join(self.last_lines))


@dataclass(eq=False, kw_only=True)
class HookFailedError(ExplainedError):
    """A hook of the app failed; its whole output stands in the log."""

    hook: str
    status: int
    last_lines: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Name the hook and give its last words."""
        ending = f"ended with status {self.status}" if self.status >= 0 else f"was ended by signal {-self.status}"
        return Explanation(
            what=f"The app's hook '{self.hook}' {ending}",
            why="\n".join(self.last_lines) or "it printed nothing",
            fix=(
                f"Run '{self.hook}' by itself in the app's directory, and correct what its output names.",
                "If it needs a config var, pass it to the build: 'offramp build --env NAME=value'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class DownloadFailedError(ExplainedError):
    """A download failed for a reason that may pass: no connection, a time-out, a server error."""

    url: str
    problem: str
    attempts: int
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give the address and the last problem."""
        return Explanation(
            what=f"Couldn't download '{self.url}'",
            why=f"{self.problem} (after {self.attempts} attempts)",
            fix=(
                "Try the build again in a few minutes.",
                "If the build's network needs a proxy, set HTTPS_PROXY; if it has a mirror, set the mirror's variable.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class DownloadNotFoundError(ExplainedError):
    """The server answered that the file does not exist."""

    url: str
    status: int
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give the address and the answer."""
        return Explanation(
            what=f"'{self.url}' does not exist",
            why=f"the server answered with status {self.status}",
            fix=("If a mirror is set, check that it holds this file.",),
        )


@dataclass(eq=False, kw_only=True)
class ChecksumMismatchError(ExplainedError):
    """What arrived is not what was pinned."""

    url: str
    expected: str
    actual: str
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give both checksums, and say that nothing was unpacked."""
        return Explanation(
            what=f"'{self.url}' is not the file that was expected",
            why=f"its sha256 is {self.actual}, expected {self.expected}; nothing was unpacked",
            fix=("Try again; if it happens again, the mirror or a proxy changes the file: ask who runs it.",),
        )


@dataclass(eq=False, kw_only=True)
class UnsafeArchiveError(ExplainedError):
    """An archive is broken, of an unknown kind, or names a path outside of its directory."""

    archive: Path
    problem: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Name the archive and the problem."""
        return Explanation(what=f"Refusing to unpack '{self.archive.name}'", why=self.problem)


@dataclass(eq=False, kw_only=True)
class UnknownRulesError(ExplainedError):
    """A setting that chooses between Heroku's two buildpacks names neither."""

    setting: str
    value: str

    def explain(self) -> Explanation:
        """Quote the value and name both rules."""
        return Explanation(
            what=f"{self.setting} is '{self.value}', which names no rules",
            why="There are those of Heroku's classic buildpack, 'classic', and of its Cloud Native one, 'cnb'.",
            fix=(f"Set {self.setting} to 'classic' or 'cnb', or not at all: 'classic' is the default.",),
        )


@dataclass(eq=False, kw_only=True)
class VersionSyntaxError(ExplainedError):
    """A version or a request for one is not written in a form we know."""

    text: str

    def explain(self) -> Explanation:
        """Quote the text."""
        return Explanation(
            what=f"'{self.text}' is not a version",
            why="expected something like '3.4.1', '3.4', '~> 3.4.0', '^20.1' or '>=18 <21'",
        )


@dataclass(eq=False, kw_only=True)
class VersionNotFoundError(ExplainedError):
    """No known version satisfies the request; ``nearest`` are the ones that come close, best first."""

    name: str
    request: str
    nearest: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Quote the request and name the nearest versions."""
        fix = (f"Ask for one of the nearest known: {', '.join(self.nearest)}.",) if self.nearest else ()
        return Explanation(what=f"There is no {self.name} {self.request}", why="no known version matches", fix=fix)
