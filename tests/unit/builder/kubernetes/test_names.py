"""Names of objects."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import InvalidAppNameError, ProcessNameCollisionError
from builder.kubernetes.names import (
    app_name_of_image,
    dns_label,
    name_processes,
    object_name,
    object_name_with_hash,
    parse_app_name,
)

RFC_1035_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
RFC_1123_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TYPES = st.from_regex(r"\A[A-Za-z0-9._-]{1,200}\Z")
APPS = st.from_regex(r"\A[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z")


@given(APPS, st.text())
def test_names_are_valid_whatever_the_text(app: str, text: str) -> None:
    """Any text becomes a DNS label, and with an app's name before it one that a Service may have."""
    assert RFC_1123_LABEL.fullmatch(dns_label(text))
    assert RFC_1035_LABEL.fullmatch(object_name(app, dns_label(text)))
    assert RFC_1035_LABEL.fullmatch(object_name_with_hash(app, dns_label(text), "content"))


@given(APPS, st.sets(TYPES, max_size=8))
def test_names_are_unique_or_refused(app: str, types: set[str]) -> None:
    """No two processes share a name: each has its own, or the collision is an error."""
    labels = {dns_label(process_type) for process_type in types}
    if len(labels) < len(types):
        with pytest.raises(ProcessNameCollisionError):
            name_processes(types)
        return

    assert len({object_name(app, name) for name in name_processes(types).values()}) == len(types)


@given(st.text(min_size=1))
def test_app_name_of_any_image(text: str) -> None:
    """Any image gives a valid name of an app."""
    assert RFC_1035_LABEL.fullmatch(app_name_of_image(text))


@pytest.mark.parametrize(
    ("image", "app"),
    [
        ("shop:latest", "shop"),
        ("registry.example:5000/team/shop:1.4", "shop"),
        ("registry.example:5000/team/my_shop@sha256:00", "my-shop"),
        ("7zip", "app-7zip"),
    ],
)
def test_app_name_of_image(image: str, app: str) -> None:
    """An app is called like the last part of its image's name."""
    assert app_name_of_image(image) == app


@pytest.mark.parametrize("name", ["", "9lives", "Shop", "a_b", "-a", "a-", "a" * 64, "a\n"])
def test_app_name_invalid(name: str) -> None:
    """A name the user gives is checked, never bent."""
    with pytest.raises(InvalidAppNameError):
        parse_app_name(name)


def test_long_names_differ_in_their_hash() -> None:
    """Names that are equal as far as they fit stay apart."""
    first, second = object_name("shop", "a" * 70 + "1"), object_name("shop", "a" * 70 + "2")

    assert first != second
    assert len(first) == len(second) == 63
    assert first[:54] == second[:54]


def test_collision_names_both() -> None:
    """The error names both process types, so that one can be renamed."""
    with pytest.raises(ProcessNameCollisionError, match="'my_worker' and 'my-worker' would both be named 'my-worker'"):
        name_processes(["my_worker", "my-worker"])
