"""The errors of the launcher's build, each with its text.

ExplainedError
├── LauncherMissingError     there is no compiled launcher for an architecture
├── CompilerMissingError     the launcher's compiler is not installed
└── LauncherCompileError     the compiler refused the launcher's sources
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source


@dataclass(eq=False, kw_only=True)
class LauncherMissingError(ExplainedError):
    """There is no compiled launcher for ``arch``; ``path`` is None where it is never built for it."""

    arch: str
    path: Path | None
    available: tuple[str, ...]
    exit_code: ClassVar[int] = 62

    def explain(self) -> Explanation:
        """Say how it is made."""
        known = ", ".join(f"linux/{arch}" for arch in self.available) or "no architecture"
        return Explanation(
            what=f"There is no launcher for linux/{self.arch}",
            why=f"this installation has compiled launchers for {known}",
            fix=("In a source checkout run 'make setup'; otherwise install the 'offramp' wheel again.",)
            if self.path
            else ("Build the image for linux/amd64 or linux/arm64.",),
        )


@dataclass(eq=False, kw_only=True)
class CompilerMissingError(ExplainedError):
    """The compiler, which is the ``ziglang`` package, is not installed for the interpreter ``python``."""

    python: Path

    def explain(self) -> Explanation:
        """Name the package."""
        return Explanation(
            what="The launcher cannot be compiled",
            why=f"its compiler is the package 'ziglang', which {self.python} does not have",
            fix=("pip install ziglang", "Or install a wheel of Offramp, which holds the compiled launcher."),
        )


@dataclass(eq=False, kw_only=True)
class LauncherCompileError(ExplainedError):
    """The compiler refused the launcher's sources; ``output`` has its words."""

    arch: str
    status: int
    output: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Quote the compiler."""
        return Explanation(
            what=f"Compiling the launcher for linux/{self.arch} failed (exit code {self.status})",
            why=self.output.strip(),
            fix=("With unchanged sources this is a fault of Offramp: report it with the lines above.",),
        )
