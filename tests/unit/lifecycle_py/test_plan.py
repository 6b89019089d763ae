"""The build plan: which alternatives fit together, found the same way every time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.plan import Participant, Resolution, buildpack_plan, settle, without_met
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.build_plan import BuildPlan, PlanAlternative, Require
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.plan_toml import Plan, PlanEntry, Provider


def _participant(name: str, *ways: str, optional: bool = False, extension: bool = False) -> Participant:
    """Make a participant; each way is ``+provided`` and ``-required`` names."""
    alternatives = tuple(
        PlanAlternative(
            provides=tuple(word[1:] for word in way.split() if word[0] == "+"),
            requires=tuple(Require(name=word[1:], metadata={"by": name}) for word in way.split() if word[0] == "-"),
        )
        for way in ways or ("",)
    )
    buildpack = Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version="1", extension=extension)
    return Participant(buildpack=buildpack, plan=BuildPlan(alternatives=alternatives), optional=optional)


def _ids(outcome: Resolution) -> list[str] | str:
    return [buildpack.id for buildpack in outcome.settled.buildpacks] if outcome.settled else outcome.reason


def test_settle_takes_all_when_everything_fits() -> None:
    """Buildpacks without a plan take part, too."""
    outcome = settle([_participant("a", "+x"), _participant("b"), _participant("c", "-x")])

    assert ["a", "b", "c"] == _ids(outcome)


def test_settle_lets_a_buildpack_meet_its_own_requirement() -> None:
    """What it provides and requires itself is settled."""
    assert ["a"] == _ids(settle([_participant("a", "+x -x")]))


@pytest.mark.requirement("buildpack.build-plan.unmet-requires")
def test_settle_minds_the_order() -> None:
    """A requirement is met by the same or an earlier buildpack only."""
    outcome = settle([_participant("a", "-x"), _participant("b", "+x")])

    assert "a@1 requires 'x', which no buildpack before it provides" == outcome.reason


@pytest.mark.requirement("buildpack.build-plan.unused-provides")
def test_settle_refuses_an_offer_nobody_takes() -> None:
    """What is provided has to be required by the same or a later buildpack."""
    outcome = settle([_participant("a", "-x +x"), _participant("b", "+x")])

    assert "b@1 provides 'x', which no buildpack after it requires" == outcome.reason


@pytest.mark.requirement("buildpack.build-plan.alternatives")
def test_settle_tries_alternatives_in_order() -> None:
    """The first combination that passes is taken, the first buildpack's first choice before all others."""
    outcome = settle([_participant("a", "+x", "+y", ""), _participant("b", "-z", "-y")])

    assert outcome.settled
    assert ["y"] == [entry.requires[0].name for entry in outcome.settled.plan.entries]


def test_settle_tells_why_the_first_choice_failed() -> None:
    """Later alternatives are second thoughts; the reason given is of the first."""
    outcome = settle([_participant("a", "-first", "-second")])

    assert "a@1 requires 'first', which no buildpack before it provides" == outcome.reason


@pytest.mark.requirement("buildpack.build-plan.optional-unused", "buildpack.build-plan.optional-unmet")
def test_settle_drops_optional_buildpacks_one_after_the_other() -> None:
    """Dropping one may leave another's offer without a taker."""
    outcome = settle(
        [
            _participant("base"),
            _participant("a", "+x", optional=True),
            _participant("b", "-x +y", optional=True),
            _participant("c", "-y -missing", optional=True),
        ]
    )

    assert ["base"] == _ids(outcome)


def test_settle_drops_an_optional_buildpack_on_its_last_alternative_only() -> None:
    """Before it is dropped, all it offers is tried."""
    outcome = settle([_participant("a", "+x", "+y", optional=True), _participant("b", "-y")])

    assert ["a", "b"] == _ids(outcome)


def test_settle_records_each_trial() -> None:
    """A trial knows its alternatives and what broke, so that a person can be told."""
    outcome = settle([_participant("a", "+x", "+y"), _participant("b", "-y"), _participant("c", "+z", optional=True)])

    first, second = outcome.trials
    assert [(1, 2), (1, 1), (1, 1)] == [(choice.number, choice.of) for choice in first.choices]
    assert ["b@1 requires 'y', which no buildpack before it provides"] == [str(one) for one in first.violations]
    assert (False, "b@1 requires 'y', which no buildpack before it provides") == (first.passed, first.reason)
    assert [("c@1 provides 'z', which no buildpack after it requires", True)] == [
        (str(one), one.choice.optional) for one in second.violations
    ]
    assert (True, "", 2) == (second.passed, second.reason, outcome.tried)


def test_settle_keeps_the_record_of_many_trials_short() -> None:
    """Alternatives multiply; the first trials and the last one are kept, and all are counted."""
    ways = [f"+{letter}" for letter in "abcdef"]
    outcome = settle([*(_participant(f"bp{number}", *ways) for number in range(4)), _participant("last", "-g")])

    assert (1296, 100) == (outcome.tried, len(outcome.trials))
    assert [1, 6] == [trial.choices[0].number for trial in (outcome.trials[0], outcome.trials[-1])]


def test_settle_needs_a_buildpack() -> None:
    """Extensions alone build nothing."""
    outcome = settle([_participant("e", optional=True, extension=True), _participant("a", "-x", optional=True)])

    assert "no buildpack of the group passed" == outcome.reason


def test_settle_says_which_providers_are_extensions() -> None:
    """An extension and a buildpack of one id are two providers, and each gets what it provides."""
    outcome = settle(
        [_participant("a", "+x", optional=True, extension=True), _participant("a", "+y"), _participant("b", "-x -y")]
    )

    assert outcome.settled
    plan = outcome.settled.plan
    assert ["x"] == [entry.name for entry in buildpack_plan(plan, BuildpackId("a"), extension=True).entries]
    assert ["y"] == [entry.name for entry in buildpack_plan(plan, BuildpackId("a")).entries]


@pytest.mark.requirement("buildpack.detection.none-passes")
def test_settle_needs_somebody() -> None:
    """A group that everybody left does not pass."""
    assert "no buildpack of the group passed" == settle([]).reason
    assert "no buildpack of the group passed" == settle([_participant("a", "-x", optional=True)]).reason


def test_settled_plan_lists_providers_and_requirements_in_group_order() -> None:
    """One entry per name, with everyone who provides it and every requirement."""
    outcome = settle([_participant("a", "+x"), _participant("b", "+x -x"), _participant("c", "-x")])

    assert outcome.settled
    (entry,) = outcome.settled.plan.entries
    assert ["a", "b"] == [provider.id for provider in entry.providers]
    assert ["b", "c"] == [require.metadata["by"] for require in entry.requires]


_ways = st.lists(st.sampled_from(["+x", "+y", "+z", "-x", "-y", "-z"]), max_size=3, unique=True).map(" ".join)
_participants = st.lists(st.tuples(st.lists(_ways, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=5).map(
    lambda drawn: [
        _participant(f"bp{number}", *ways, optional=optional) for number, (ways, optional) in enumerate(drawn)
    ]
)


@settings(max_examples=200, deadline=None)
@given(participants=_participants)
def test_settle_gives_what_holds(participants: list[Participant]) -> None:
    """Whatever is settled satisfies both rules, keeps required buildpacks and the order, and is found again."""
    outcome = settle(participants).settled

    assert outcome == settle(participants).settled
    if outcome is None:
        return
    chosen = [buildpack.id for buildpack in outcome.buildpacks]
    position = {name: number for number, name in enumerate(chosen)}
    assert chosen == [one.buildpack.id for one in participants if one.buildpack.id in position]
    assert all(one.optional or one.buildpack.id in position for one in participants)
    for entry in outcome.plan.entries:
        providers = [position[provider.id] for provider in entry.providers]
        requirers = [position[require.metadata["by"]] for require in entry.requires]
        assert providers == sorted(providers)
        assert requirers == sorted(requirers)
        assert min(providers) <= min(requirers)
        assert max(providers) <= max(requirers)


@settings(max_examples=100, deadline=None)
@given(participants=_participants)
def test_settle_passes_whenever_all_requirements_are_met(participants: list[Participant]) -> None:
    """A group of which every first choice fits is never refused."""
    names = {name for one in participants for way in one.plan.alternatives for name in way.provides}
    everything = _participant("first", " ".join(f"+{name}" for name in ("x", "y", "z")))
    taker = _participant("last", " ".join(f"-{name}" for name in (*names, "x", "y", "z")))

    assert settle([everything, *participants, taker]).settled


_X_OF_A_AND_B = PlanEntry(
    providers=(Provider(id=BuildpackId("a"), version="1"), Provider(id=BuildpackId("b"), version="1")),
    requires=(Require(name="x"),),
)
_Y_OF_B = PlanEntry(providers=(Provider(id=BuildpackId("b"), version="1"),), requires=(Require(name="y"),))


@pytest.mark.requirement("buildpack.build.plan")
def test_buildpack_plan_has_what_the_buildpack_provides() -> None:
    """Every requirement of the entries it is a provider of."""
    plan = Plan(entries=(_X_OF_A_AND_B, _Y_OF_B))

    names = {name: [entry.name for entry in buildpack_plan(plan, BuildpackId(name)).entries] for name in "abc"}

    assert {"a": ["x"], "b": ["x", "y"], "c": []} == names


@pytest.mark.requirement("buildpack.unmet.met-not-passed-on")
def test_without_met_removes_what_is_done() -> None:
    """A met entry is gone for later providers, an unmet one stays."""
    plan = Plan(entries=(_X_OF_A_AND_B, _Y_OF_B))

    assert Plan(entries=(_Y_OF_B,)) == without_met(plan, BuildpackId("a"), [])
    assert plan == without_met(plan, BuildpackId("a"), ["x"])
    assert Plan(entries=(_Y_OF_B,)) == without_met(plan, BuildpackId("b"), ["y"])
