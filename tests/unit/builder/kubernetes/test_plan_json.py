"""The plan's JSON form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import InvalidPlanError
from builder.kubernetes.plan import PLAN_VERSION
from builder.kubernetes.plan_json import plan_from_json, plan_to_json
from tests.unit.builder.kubernetes.samples import SHOP, plan_of


@given(
    st.dictionaries(st.sampled_from(sorted(SHOP)), st.text(min_size=1), min_size=1).filter(
        lambda p: set(p) != {"console"}
    )
)
def test_round_trip(processes: dict[str, str]) -> None:
    """A plan read back is the plan that was written."""
    plan = plan_of(processes)

    assert plan_from_json(plan_to_json(plan)) == plan


def test_version_comes_first() -> None:
    """A reader can tell the version before it reads the rest."""
    assert next(iter(json.loads(plan_to_json(plan_of(SHOP))))) == "apiVersion"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("[]", "list indices"),
        ("{}", "key 'apiVersion' is missing"),
        (json.dumps({"apiVersion": "plan.offramp.dev/v9"}), "its version is 'plan.offramp.dev/v9'"),
        (json.dumps({"apiVersion": PLAN_VERSION}), "key 'image' is missing"),
        (json.dumps({"apiVersion": PLAN_VERSION, "image": 3}), "not subscriptable"),
    ],
)
def test_invalid(text: str, problem: str) -> None:
    """What is no plan, or another version's, is an error that says what is wrong."""
    with pytest.raises(InvalidPlanError, match=problem):
        plan_from_json(text)
