"""Names of images."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import InvalidReferenceError
from builder.images.reference import ImageReference, name_from_directory, parse_name, parse_reference


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop", "shop:latest"),
        ("shop:1.4", "shop:1.4"),
        ("team/shop", "team/shop:latest"),
        ("registry.example.com:5000/team/shop", "registry.example.com:5000/team/shop:latest"),
        ("a--b/c_d.e:V-1_x", "a--b/c_d.e:V-1_x"),
    ],
)
def test_name_gets_its_tag(text: str, name: str) -> None:
    """A name without a tag means latest."""
    assert name == parse_name(text)


@pytest.mark.parametrize(
    "text", ["", "Shop", "shop:", "shop/", "/shop", "sh op", "shop:a b", "shop:" + "x" * 129, "-a"]
)
def test_what_no_registry_would_take_is_refused(text: str) -> None:
    """A malformed name is an error before anything is built."""
    with pytest.raises(InvalidReferenceError):
        parse_name(text)


def test_layout_reference() -> None:
    """``oci:DIR`` and ``oci:DIR:NAME`` name an image in a layout."""
    assert ImageReference(name="", layout=Path("dir")) == parse_reference("oci:dir")
    assert ImageReference(name="shop:1", layout=Path("/a/b")) == parse_reference("oci:/a/b:shop:1")
    assert "oci:/a/b:shop:1" == str(parse_reference("oci:/a/b:shop:1"))


@given(
    st.text(min_size=1, max_size=40).filter(
        lambda text: "/" not in text and "\0" not in text and text not in {".", ".."}
    )
)
def test_every_directory_has_a_name(text: str) -> None:
    """Whatever a directory is called, its default image name is valid."""
    name = name_from_directory(Path("/apps") / text)

    assert name == parse_name(name)
