"""What can be wrong with a Procfile, and every text about it.

ExplainedError
├── ProcfileLineError                a line is no entry; shows it with a caret
│   ├── MissingColonError            no ``:``
│   ├── InvalidKeyError              the key cannot name a process
│   └── EmptyCommandError            nothing after the ``:``
├── DuplicateAfterCorrectionError    two keys name the same process
└── UnknownGrammarError              the setting names no grammar
"""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.sdk import ExplainedError, Explanation

GRAMMAR_SETTING = "OFFRAMP_PROCFILE_GRAMMAR"


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A place in the Procfile: line and column from 1, and the line's text."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        """Show the line with a caret below the column."""
        shown = "".join(char if char.isprintable() else " " for char in self.text)
        prefix = f"{self.line} | "
        return f"{prefix}{shown}\n{' ' * (len(prefix) + self.column - 1)}^"


@dataclass(eq=False, kw_only=True)
class ProcfileLineError(ExplainedError):
    """A line of the Procfile is no entry."""

    position: Position

    @property
    def problem(self) -> str:
        """Say what is wrong in a few words."""
        raise NotImplementedError

    def explain(self) -> Explanation:
        """Show the line, its problem, and the form that is right."""
        return Explanation(
            what=f"Procfile, line {self.position.line}, column {self.position.column}: {self.problem}",
            why=str(self.position),
            fix=self.steps(),
        )

    def steps(self) -> tuple[str, ...]:
        """Give what to do."""
        return (
            "Write every process as 'type: command', such as 'web: gunicorn shop.wsgi'.",
            f"If Heroku accepted this file, set {GRAMMAR_SETTING}=lenient to have it read as Heroku did.",
        )


@dataclass(eq=False, kw_only=True)
class MissingColonError(ProcfileLineError):
    """A line has no colon."""

    @property
    def problem(self) -> str:
        """Say that a colon is missing."""
        return "expected ':' after the process type"


@dataclass(eq=False, kw_only=True)
class InvalidKeyError(ProcfileLineError):
    """A key cannot be corrected into a process type."""

    key: str

    @property
    def problem(self) -> str:
        """Quote the key."""
        return f"'{self.key}' cannot be the name of a process" if self.key else "the process type is missing"

    def steps(self) -> tuple[str, ...]:
        """Give the rule of names."""
        rule = "Use 1 to 63 lower-case letters, digits and '-'; begin and end with a letter or digit."
        return (rule, *ProcfileLineError.steps(self)[1:])


@dataclass(eq=False, kw_only=True)
class EmptyCommandError(ProcfileLineError):
    """A key has no command."""

    key: str

    @property
    def problem(self) -> str:
        """Quote the key."""
        return f"the process '{self.key}' has no command"


@dataclass(eq=False, kw_only=True)
class DuplicateAfterCorrectionError(ExplainedError):
    """Two different keys become the same name, so that one process would silently replace the other."""

    first: str
    first_line: int
    second: str
    line: int

    def explain(self) -> Explanation:
        """Name both keys and their lines."""
        return Explanation(
            what=f"Procfile, lines {self.first_line} and {self.line}: two processes with the same name",
            why=f"'{self.first.strip()}' and '{self.second.strip()}' differ only by upper case or '_', which are lost",
            fix=("Rename one of the two.",),
        )


@dataclass(eq=False, kw_only=True)
class UnknownGrammarError(ExplainedError):
    """The grammar setting holds another word."""

    value: str

    def explain(self) -> Explanation:
        """Name the setting and its values."""
        return Explanation(
            what=f"{GRAMMAR_SETTING} is '{self.value}'",
            why="it chooses how the Procfile is read",
            fix=(
                "Set it to 'strict', or leave it unset, to have every mistake reported.",
                "Set it to 'lenient' to have lines that are no entry ignored, as Heroku's classic build does.",
            ),
        )
