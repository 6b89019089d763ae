"""Objects as YAML text."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builder.kubernetes.formats.yaml_text import comment, to_yaml

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4)


@given(st.lists(st.dictionaries(st.text(), VALUES, min_size=1, max_size=3), min_size=1, max_size=2))
def test_round_trip(objects: list[dict[str, Any]]) -> None:
    """Whatever is written is read back equal, keys in their order."""
    read = list(yaml.safe_load_all(to_yaml(objects)))

    assert read == objects
    assert [list(one) for one in read] == [list(one) for one in objects]


@pytest.mark.parametrize(
    "text",
    [
        "12345e678901",
        "1e5",
        "0o17",
        "0x1f",
        "017",
        "1_000",
        "12:30",
        "2026-11-22",
        "no",
        "On",
        "y",
        "null",
        "~",
        "",
        ".5",
        ".inf",
    ],
)
def test_text_that_could_be_something_else(text: str) -> None:
    """What any YAML reader takes for a number, date, boolean or null is quoted, though PyYAML would not need it."""
    assert to_yaml([{"key": text}]) == f'key: "{text}"\n'


@pytest.mark.parametrize("text", ["512Mi", "250m", "25%", "/cnb/process/web", "shop@sha256:12e4", "apps/v1"])
def test_plain_text_stays_plain(text: str) -> None:
    """Quotes where there is no doubt would only be noise."""
    assert to_yaml([{"key": text}]) == f"key: {text}\n"


def test_value_that_occurs_twice_is_written_twice() -> None:
    """No anchors: a reviewer reads what is there."""
    labels = {"a": "b"}

    assert to_yaml([{"one": labels, "two": labels}]) == "one:\n  a: b\ntwo:\n  a: b\n"


@given(st.text())
def test_comment_is_one_line(text: str) -> None:
    """No command can end the comment it is quoted in."""
    line = comment(text)

    assert line.splitlines() == [line.removesuffix("\n")]
    assert re.match(r"# ", line)
    assert yaml.safe_load(line) is None
