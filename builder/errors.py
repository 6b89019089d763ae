"""Every error of package builder, with its text.

ExplainedError
├── SandboxUnavailableError     this host cannot open a sandbox
├── CommandNotStartedError      a sandbox could not start a command
└── InvalidSandboxOwnerError    OFFRAMP_SANDBOX_OWNER is not uid:gid
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.errors import ExplainedError, Explanation

# --- sandbox ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class SandboxUnavailableError(ExplainedError):
    """This host cannot open a sandbox. ``reasons`` are the findings that stand in the way."""

    reasons: tuple[Explanation, ...]
    problem: str

    def explain(self) -> Explanation:
        """Join the reasons and their remedies; without any, quote bubblewrap."""
        reasons = "; ".join(f"{reason.what}: {reason.why}" for reason in self.reasons)
        fix = tuple(dict.fromkeys(step for reason in self.reasons for step in reason.fix))
        return Explanation(
            what="Cannot open a sandbox on this host",
            why=reasons or f"bubblewrap says '{self.problem}'",
            fix=(*fix, "Or build with '--executor docker' where there is a Docker daemon; 'offramp doctor' says more."),
        )


@dataclass(eq=False, kw_only=True)
class CommandNotStartedError(ExplainedError):
    """A sandbox could not start a command; ``problem`` holds bubblewrap's words."""

    program: str
    problem: str

    def explain(self) -> Explanation:
        """Name the program."""
        return Explanation(what=f"Cannot start '{self.program}' in the sandbox", why=self.problem)


@dataclass(eq=False, kw_only=True)
class InvalidSandboxOwnerError(ExplainedError):
    """The configured owner of sandbox processes is malformed, or root."""

    value: str

    def explain(self) -> Explanation:
        """Quote the value and its form."""
        return Explanation(
            what=f"OFFRAMP_SANDBOX_OWNER is '{self.value}'",
            why="it must be two numbers above zero, 'uid:gid'",
            fix=("Set it to an unprivileged user and group, for example OFFRAMP_SANDBOX_OWNER=1000:1000.",),
        )
