"""What detection found, as data: who was asked, what each answered, and how every group and trial went.

Facts: reference/cnb.md §b.5; spec: buildpack.md "Phase #1: Detection" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.order import Candidate
from lifecycle_py.plan import Resolution, SettledPlan
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.buildpack_toml import Buildpack

PASS, FAIL = 0, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer: exit code, what was printed, and the plan or what was wrong.

    ``code`` is None when the program was not run to its end. ``mismatch`` says for which targets a buildpack is that
    was not asked, because the run image's is none of them.
    """

    buildpack: Buildpack
    code: int | None
    output: str = ""
    plan: BuildPlan = BuildPlan()  # noqa: RUF009 - immutable
    problem: str = ""
    mismatch: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the buildpack wants the app."""
        return self.code == PASS and not self.problem

    @property
    def errored(self) -> bool:
        """Tell whether detection itself broke."""
        return bool(self.problem) or (self.code not in {PASS, FAIL} and not self.mismatch)

    @property
    def verdict(self) -> str:
        """Give the answer in a few words."""
        if self.problem:
            return f"broke: {self.problem}"
        if self.mismatch:
            return f"was not asked: {self.mismatch}"
        words: dict[int | None, str] = {PASS: "passes", FAIL: "does not apply"}
        return words.get(self.code, f"broke with exit code {self.code}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A member of a group with its answer."""

    candidate: Candidate
    answer: Answer

    @property
    def refuses(self) -> bool:
        """Tell whether the group fails for it."""
        return not self.answer.passed and not self.candidate.optional

    @property
    def errored(self) -> bool:
        """Tell whether this is an error. A target that does not match is one for a required buildpack only."""
        return self.answer.errored or (bool(self.answer.mismatch) and not self.candidate.optional)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One group of the expanded order, and how it went.

    ``skipped`` are for other execution environments. ``resolution`` is None when a required buildpack refused, so
    that no plan was tried.
    """

    replies: tuple[Reply, ...]
    skipped: tuple[Candidate, ...] = ()
    resolution: Resolution | None = None

    @property
    def settled(self) -> SettledPlan | None:
        """Give the plan when the group passed."""
        return self.resolution.settled if self.resolution else None

    @property
    def reason(self) -> str:
        """Say why the group failed."""
        refusing = [str(reply.answer.buildpack) for reply in self.replies if reply.refuses]
        if refusing:
            return f"{', '.join(refusing)} did not pass"
        return self.resolution.reason if self.resolution else "no buildpack of the group passed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """Every group that was tried, up to the first that passed, and every answer in the order it was asked for."""

    attempts: tuple[Attempt, ...]
    answers: tuple[Answer, ...]

    @property
    def settled(self) -> SettledPlan | None:
        """Give the plan of the group that passed."""
        return self.attempts[-1].settled if self.attempts else None

    @property
    def errored(self) -> frozenset[str]:
        """Name the buildpacks that broke, which makes a failed detection an error."""
        return frozenset(
            str(reply.answer.buildpack) for attempt in self.attempts for reply in attempt.replies if reply.errored
        )
