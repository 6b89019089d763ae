"""The errors of caches, each with its text.

ExplainedError
└── CacheUnusableError       the cache cannot be read or written
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.errors import ExplainedError, Explanation


@dataclass(eq=False, kw_only=True)
class CacheUnusableError(ExplainedError):
    """The cache cannot be read or written."""

    place: str
    problem: str

    def explain(self) -> Explanation:
        """Name the place and its problem."""
        return Explanation(
            what=f"Cannot use the build cache '{self.place}'",
            why=self.problem,
            fix=("Choose another directory with --cache, or build with --no-cache.",),
        )
