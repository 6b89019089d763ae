"""The build plan, settled: which alternatives of which buildpacks fit together. Pure and deterministic.

Facts: reference/cnb.md §b.5 item 5; spec: buildpack.md "Phase #1: Detection" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lifecycle_py.spec.build_plan import BuildPlan, PlanAlternative, Require
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.plan_toml import Plan, PlanEntry, Provider

_NOBODY = "no buildpack of the group passed"
_RECORDED_TRIALS = 100  # combinations multiply; nobody reads more, and memory stays flat


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """A buildpack or extension whose detection passed, with the plan it wrote."""

    buildpack: Buildpack
    plan: BuildPlan
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A participant with the alternative a trial chose for it; optional only on its last alternative.

    ``number`` counts its alternatives from 1, ``of`` says how many it has.
    """

    buildpack: Buildpack
    alternative: PlanAlternative
    optional: bool
    number: int = 1
    of: int = 1


class Rule(StrEnum):
    """The two rules a plan has to hold."""

    REQUIRES = "requires"  # what is required has to be provided by the same or an earlier one
    PROVIDES = "provides"  # what is provided has to be required by the same or a later one


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A rule one choice broke. An optional one is dropped for it and the trial goes on; otherwise the trial fails."""

    choice: Choice
    rule: Rule
    name: str

    def __str__(self) -> str:
        """Say what nobody provides or requires."""
        if self.rule is Rule.REQUIRES:
            return f"{self.choice.buildpack} requires '{self.name}', which no buildpack before it provides"
        return f"{self.choice.buildpack} provides '{self.name}', which no buildpack after it requires"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One combination of alternatives, and what it came to: ``remaining`` is empty when it failed."""

    choices: tuple[Choice, ...]
    violations: tuple[Violation, ...]
    remaining: tuple[Choice, ...]

    @property
    def passed(self) -> bool:
        """Tell whether the plan holds."""
        return bool(self.remaining)

    @property
    def reason(self) -> str:
        """Say why it failed."""
        if self.passed:
            return ""
        last = self.violations[-1] if self.violations else None
        return str(last) if last and not last.choice.optional else _NOBODY


@dataclass(frozen=True, kw_only=True, slots=True)
class SettledPlan:
    """The trial that passed: who takes part, and the plan they work by."""

    buildpacks: tuple[Buildpack, ...]
    plan: Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What the trials of one group came to. ``trials`` has the first of ``tried``, and the last one."""

    trials: tuple[Trial, ...]
    tried: int
    settled: SettledPlan | None

    @property
    def reason(self) -> str:
        """Say why the group failed: why its first trial did, as later alternatives are second thoughts."""
        return "" if self.settled else self.trials[0].reason


def settle(participants: Sequence[Participant]) -> Resolution:
    """Try all combinations of alternatives, in order, up to the first that passes."""
    recorded: list[Trial] = []
    tried = 0
    for choices in _combinations(participants):
        tried += 1
        trial = _try(choices)
        recorded = [*recorded[: _RECORDED_TRIALS - 1], trial]
        if trial.passed:
            plan = SettledPlan(
                buildpacks=tuple(choice.buildpack for choice in trial.remaining), plan=_plan(trial.remaining)
            )
            return Resolution(trials=tuple(recorded), tried=tried, settled=plan)
    return Resolution(trials=tuple(recorded), tried=tried, settled=None)


def _combinations(participants: Sequence[Participant]) -> Iterator[tuple[Choice, ...]]:
    return itertools.product(*(_choices(participant) for participant in participants))


def _choices(participant: Participant) -> list[Choice]:
    alternatives = participant.plan.alternatives
    return [
        Choice(
            buildpack=participant.buildpack,
            alternative=alternative,
            optional=participant.optional and number == len(alternatives),
            number=number,
            of=len(alternatives),
        )
        for number, alternative in enumerate(alternatives, start=1)
    ]


def _try(choices: tuple[Choice, ...]) -> Trial:
    """Drop optional ones that break the plan until it holds, or a required one breaks it, or no buildpack is left."""
    remaining = list(choices)
    violations: list[Violation] = []
    while any(not choice.buildpack.extension for choice in remaining):
        violation = _first_violation(remaining)
        if violation is None:
            return Trial(choices=choices, violations=tuple(violations), remaining=tuple(remaining))
        violations.append(violation)
        if not violation.choice.optional:
            break
        remaining.remove(violation.choice)
    return Trial(choices=choices, violations=tuple(violations), remaining=())


def _first_violation(choices: Sequence[Choice]) -> Violation | None:
    """Find the first that requires what nobody before it provides, or the last that provides what nobody asks."""
    provided: set[str] = set()
    for choice in choices:
        provided.update(choice.alternative.provides)
        for require in choice.alternative.requires:
            if require.name not in provided:
                return Violation(choice=choice, rule=Rule.REQUIRES, name=require.name)
    required: set[str] = set()
    for choice in reversed(choices):
        required.update(require.name for require in choice.alternative.requires)
        for name in choice.alternative.provides:
            if name not in required:
                return Violation(choice=choice, rule=Rule.PROVIDES, name=name)
    return None


def _plan(choices: Sequence[Choice]) -> Plan:
    names = dict.fromkeys(name for choice in choices for name in choice.alternative.provides)
    return Plan(
        entries=tuple(
            PlanEntry(
                providers=tuple(_provider(choice) for choice in choices if name in choice.alternative.provides),
                requires=tuple(
                    require for choice in choices for require in choice.alternative.requires if require.name == name
                ),
            )
            for name in names
        )
    )


def _provider(choice: Choice) -> Provider:
    buildpack = choice.buildpack
    return Provider(id=buildpack.id, version=buildpack.version, extension=buildpack.extension)


def buildpack_plan(plan: Plan, buildpack_id: BuildpackId, *, extension: bool = False) -> BuildpackPlan:
    """Give the requirements a buildpack or extension receives: every entry it provides that is still unmet."""
    entries: list[Require] = []
    for entry in plan.entries:
        if _provides(entry, buildpack_id, extension=extension):
            entries.extend(entry.requires)
    return BuildpackPlan(entries=tuple(entries))


def without_met(plan: Plan, buildpack_id: BuildpackId, unmet: Sequence[str], *, extension: bool = False) -> Plan:
    """Remove what a buildpack or extension has now met: its entries, unless it declared their name unmet."""
    return Plan(
        entries=tuple(
            entry
            for entry in plan.entries
            if not _provides(entry, buildpack_id, extension=extension)
            or any(require.name in unmet for require in entry.requires)
        )
    )


def _provides(entry: PlanEntry, buildpack_id: BuildpackId, *, extension: bool) -> bool:
    return any(provider.id == buildpack_id and provider.extension is extension for provider in entry.providers)
