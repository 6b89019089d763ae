"""Versions, requests and inventories."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.sdk.errors import VersionNotFoundError, VersionSyntaxError
from buildpacks.sdk.inventory import read_inventory
from buildpacks.sdk.versions import Version, nearest_versions, parse_request, parse_version
from lifecycle_py.spec.errors import TomlValueError
from lifecycle_py.spec.targets import Target

KNOWN = tuple(
    map(
        parse_version,
        ("3.3.6", "3.4.0-preview2", "3.4.0.rc1", "3.4.0", "3.4.1", "3.4.10", "18.20.1", "20.1.0", "22.5.1"),
    )
)
AMD64 = Target(os="linux", arch="amd64")
INVENTORY = """
[[artifacts]]
version = "3.4.1"
os = "linux"
arch = "amd64"
url = "https://example.test/ruby-3.4.1.tar.gz"
sha256 = "{digest}"
"""


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("3.4.1", "3.4.1"),
        ("3.4", "3.4.10"),
        ("3.4.x", "3.4.10"),
        ("3", "3.4.10"),
        ("*", "22.5.1"),
        ("", "22.5.1"),
        ("~> 3.4.0", "3.4.10"),
        ("~> 3.3", "3.4.10"),
        ("~3.3.1", "3.3.6"),
        ("^18.2", "18.20.1"),
        (">=18 <21", "20.1.0"),
        (">= 18, < 20", "18.20.1"),
        ("18.x || 20.x", "20.1.0"),
        ("18 - 20", "20.1.0"),
        ("<=3.3", "3.3.6"),
        (">3.4.1 <4", "3.4.10"),
        ("=3.4.0-rc1", "3.4.0-rc1"),
        ("v20.1.0", "20.1.0"),
    ],
)
def test_request_newest(request_text: str, expected: str) -> None:
    """A request chooses the newest release that satisfies it; a pre-release only when it is named."""
    known = (*KNOWN, Version((3, 4, 0), "rc1"))

    assert str(parse_request(request_text).newest(known)) == expected


@pytest.mark.parametrize("text", ["", "three", "3..4", "1.0 2", "-1", "²"])
def test_parse_version_refuses(text: str) -> None:
    """What is not a version is refused, also digits of other scripts."""
    with pytest.raises(VersionSyntaxError):
        parse_version(text)


@pytest.mark.parametrize("text", [">=", "~> latest-ish", "3.4 >"])
def test_parse_request_refuses(text: str) -> None:
    """An operator without a version, or a word, is not a request."""
    with pytest.raises(VersionSyntaxError):
        parse_request(text)


def test_version_order() -> None:
    """Pre-releases come before their release, and their numbers count as numbers."""
    ordered = ["1.21-rc2", "1.21-rc10", "1.21", "1.21.1"]

    assert [str(one) for one in sorted(map(parse_version, reversed(ordered)), key=lambda one: one.sort_key)] == ordered


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_parse_version_round_trip(numbers: list[int]) -> None:
    """A version's text parses to the same version."""
    version = Version(tuple(numbers))

    assert parse_version(str(version)) == version


def test_nearest_versions() -> None:
    """The nearest are those of the same line, newest distance first."""
    assert [str(one) for one in nearest_versions(parse_version("3.4.7"), KNOWN)] == ["3.4.10", "3.4.1", "3.4.0"]


def test_inventory_resolve(tmp_path: Path) -> None:
    """An inventory gives the artifact for the target, or names the nearest versions."""
    file = tmp_path / "inventory.toml"
    file.write_text(INVENTORY.format(digest="a" * 64))
    inventory = read_inventory(file, "Ruby")

    assert inventory.resolve(parse_request("~> 3.4"), AMD64).url.endswith("ruby-3.4.1.tar.gz")
    with pytest.raises(VersionNotFoundError, match=r"There is no Ruby 3\.5"):
        inventory.resolve(parse_request("3.5"), AMD64)
    with pytest.raises(VersionNotFoundError) as caught:
        inventory.resolve(parse_request("3.4"), Target(os="linux", arch="arm64"))
    assert caught.value.nearest == ()


def test_inventory_checksum_must_be_sha256(tmp_path: Path) -> None:
    """An artifact without a proper checksum is refused when the inventory is read."""
    file = tmp_path / "inventory.toml"
    file.write_text(INVENTORY.format(digest="abc"))

    with pytest.raises(TomlValueError, match="64 hexadecimal digits"):
        read_inventory(file, "Ruby")
