"""Variables an app has to be given."""

from __future__ import annotations

import json

import pytest

from builder.kubernetes.plan import RequiredVariable
from builder.kubernetes.required_variables import LABEL, read_required


def test_label() -> None:
    """Each variable, and whether any value will do."""
    entries = [{"name": "SECRET_KEY_BASE", "generator": "secret", "source": "Rails"}, {"name": "RAILS_MASTER_KEY"}]

    assert read_required({LABEL: json.dumps({"version": 1, "required": entries})}) == (
        RequiredVariable(name="SECRET_KEY_BASE", generated=True),
        RequiredVariable(name="RAILS_MASTER_KEY", generated=False),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "1",
        '{"version": 2, "required": [{"name": "A"}]}',
        '{"version": 1}',
        '{"version": 1, "required": 3}',
        '{"version": 1, "required": [3, {"name": "$(rm -r /)"}, {"name": 3}, {}]}',
    ],
)
def test_label_of_another_form_says_nothing(text: str) -> None:
    """What may come from anywhere brings nothing into a command."""
    assert read_required({LABEL: text}) == ()


def test_no_label() -> None:
    """Most images need nothing."""
    assert read_required({}) == ()
