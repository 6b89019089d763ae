"""The errors of packaging the lifecycle, each with its text.

ExplainedError
├── FetchWheelsError      the wheels of a library cannot be brought here
└── CompileModulesError   a Python cannot compile the lifecycle's modules
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.errors import ExplainedError, Explanation


@dataclass(eq=False, kw_only=True)
class FetchWheelsError(ExplainedError):
    """pip could not bring the wheel of a library for a Python; ``problem`` has its last lines."""

    library: str
    python: str
    problem: str

    def explain(self) -> Explanation:
        """Give pip's words."""
        return Explanation(
            what=f"Cannot fetch the wheel of '{self.library}' for {self.python}",
            why=self.problem,
            fix=(
                "Where PyPI is not reachable, name your mirror: PIP_INDEX_URL=https://MIRROR/simple.",
                "If pip itself is missing, bring it: python3 -m ensurepip.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class CompileModulesError(ExplainedError):
    """``python`` could not compile; ``problem`` has its last lines."""

    python: str
    problem: str

    def explain(self) -> Explanation:
        """Name the Python."""
        return Explanation(
            what=f"Cannot compile the lifecycle for {self.python}",
            why=self.problem,
            fix=("Make sure the build image has python3 of version 3.11 or newer: 'offramp stack inspect'.",),
        )
