"""The build plan, settled: which alternatives of which buildpacks fit together. Pure and deterministic.

Facts: reference/cnb.md §b.5 item 5; spec: buildpack.md "Phase #1: Detection" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifecycle_py.spec.build_plan import BuildPlan, PlanAlternative, Require
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.plan_toml import Plan, PlanEntry, Provider


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """A buildpack whose detection passed, with the plan it wrote."""

    buildpack: Buildpack
    plan: BuildPlan
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A participant with the alternative a trial chose for it; optional only on its last alternative."""

    buildpack: Buildpack
    alternative: PlanAlternative
    optional: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SettledPlan:
    """The trial that passed: who builds, and the plan they build by."""

    buildpacks: tuple[Buildpack, ...]
    plan: Plan


def settle(participants: Sequence[Participant]) -> SettledPlan | str:
    """Try all combinations of alternatives, in order; give the first that passes, or why the first one failed."""
    first_failure = "no buildpack of the group passed"
    for number, choices in enumerate(_trials(participants)):
        outcome = _run_trial(choices)
        if isinstance(outcome, SettledPlan):
            return outcome
        if number == 0:
            first_failure = outcome
    return first_failure


def _trials(participants: Sequence[Participant]) -> Iterator[tuple[Choice, ...]]:
    options = [
        [
            Choice(
                buildpack=participant.buildpack,
                alternative=alternative,
                optional=participant.optional and number == len(participant.plan.alternatives) - 1,
            )
            for number, alternative in enumerate(participant.plan.alternatives)
        ]
        for participant in participants
    ]
    return itertools.product(*options)


def _run_trial(choices: tuple[Choice, ...]) -> SettledPlan | str:
    """Drop optional buildpacks that break the plan until it holds, or a required one breaks it."""
    remaining = list(choices)
    while remaining:
        broken = _first_violation(remaining)
        if broken is None:
            return SettledPlan(buildpacks=tuple(choice.buildpack for choice in remaining), plan=_plan(remaining))
        choice, problem = broken
        if not choice.optional:
            return problem
        remaining.remove(choice)
    return "no buildpack of the group passed"


def _first_violation(choices: Sequence[Choice]) -> tuple[Choice, str] | None:
    """Find the first buildpack that requires what nobody before it provides, or provides what nobody after asks."""
    provided: set[str] = set()
    for choice in choices:
        provided.update(choice.alternative.provides)
        for require in choice.alternative.requires:
            if require.name not in provided:
                return choice, f"{choice.buildpack} requires '{require.name}', which no buildpack before it provides"
    required: set[str] = set()
    for choice in reversed(choices):
        required.update(require.name for require in choice.alternative.requires)
        for name in choice.alternative.provides:
            if name not in required:
                return choice, f"{choice.buildpack} provides '{name}', which no buildpack after it requires"
    return None


def _plan(choices: Sequence[Choice]) -> Plan:
    names = dict.fromkeys(name for choice in choices for name in choice.alternative.provides)
    return Plan(
        entries=tuple(
            PlanEntry(
                providers=tuple(
                    Provider(id=choice.buildpack.id, version=choice.buildpack.version)
                    for choice in choices
                    if name in choice.alternative.provides
                ),
                requires=tuple(
                    require for choice in choices for require in choice.alternative.requires if require.name == name
                ),
            )
            for name in names
        )
    )


def buildpack_plan(plan: Plan, buildpack_id: BuildpackId) -> BuildpackPlan:
    """Give the requirements a buildpack receives: every entry it is a provider of that is still unmet."""
    entries: list[Require] = []
    for entry in plan.entries:
        if any(provider.id == buildpack_id for provider in entry.providers):
            entries.extend(entry.requires)
    return BuildpackPlan(entries=tuple(entries))


def without_met(plan: Plan, buildpack_id: BuildpackId, unmet: Sequence[str]) -> Plan:
    """Remove what a buildpack has now met: its entries, unless it declared their name unmet."""
    return Plan(
        entries=tuple(
            entry
            for entry in plan.entries
            if not any(provider.id == buildpack_id for provider in entry.providers)
            or any(require.name in unmet for require in entry.requires)
        )
    )
