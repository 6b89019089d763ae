"""What can go wrong with a classic buildpack, and every text about it.

ExplainedError
├── NothingWrappedError      the adapter was started without a classic buildpack
├── ScriptMissingError       a classic buildpack lacks a script, or may not run it
├── DetectCrashedError       bin/detect neither matched nor refused
├── CompileFailedError       bin/compile failed
├── ReleaseFailedError       bin/release failed
└── InvalidReleaseError      what bin/release printed is not the YAML that Heroku reads
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation, Source

STACK_SETTING = "OFFRAMP_CLASSIC_STACK"


@dataclass(eq=False, kw_only=True)
class NothingWrappedError(ExplainedError):
    """The adapter is alone."""

    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Say how a classic buildpack is used."""
        return Explanation(
            what="This adapter has no classic buildpack beside it",
            why="it runs what lies in its directory 'classic', and is not used by itself",
            fix=("Name the classic buildpack itself: 'offramp build --buildpack DIRECTORY'.",),
        )


@dataclass(eq=False, kw_only=True)
class ScriptMissingError(ExplainedError):
    """A script every classic buildpack has is not there, or is no program."""

    script: str
    problem: str

    def explain(self) -> Explanation:
        """Name the script."""
        return Explanation(
            what=f"The classic buildpack's '{self.script}' cannot be run",
            why=self.problem,
            fix=(f"Make it a program: chmod +x {self.script}", "Check that the archive or directory is complete."),
        )


@dataclass(eq=False, kw_only=True)
class DetectCrashedError(ExplainedError):
    """``bin/detect`` could not decide: 126 and above mean that it did not really run."""

    status: int
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give its words."""
        return Explanation(
            what=f"The classic buildpack's 'bin/detect' {_ending(self.status)}",
            why="\n".join(self.last_lines) or "it printed nothing",
            fix=("Check that the build image has the interpreter its first line names, and what it calls.",),
        )


@dataclass(eq=False, kw_only=True)
class CompileFailedError(ExplainedError):
    """``bin/compile`` failed; its whole output stands in the log."""

    name: str
    status: int
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Say which, and give its last words."""
        return Explanation(
            what=f"Failed to compile the {self.name} app: 'bin/compile' {_ending(self.status)}",
            why="\n".join(self.last_lines) or "it printed nothing",
            fix=(
                "Correct what its output names.",
                "A config var it needs is passed by 'offramp build --env NAME=value'.",
                f"If it asks for another stack, set {STACK_SETTING}, such as to 'heroku-22'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class ReleaseFailedError(ExplainedError):
    """``bin/release`` failed."""

    name: str
    status: int
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Say which, and give its last words."""
        return Explanation(
            what=f"The {self.name} buildpack's 'bin/release' {_ending(self.status)}",
            why="\n".join(self.last_lines) or "it printed nothing",
            fix=("Correct what its output names.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidReleaseError(ExplainedError):
    """The output of ``bin/release`` is not understood at a line."""

    line: int
    text: str
    problem: str

    def explain(self) -> Explanation:
        """Show the line."""
        return Explanation(
            what=f"'bin/release' printed something that is not understood, line {self.line}: {self.problem}",
            why=self.text,
            fix=(
                "Print 'default_process_types:', and below it, indented, a line 'type: command' for each process.",
                "Put a command that holds ': ' or ' #' in quotes.",
            ),
        )


def _ending(status: int) -> str:
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
