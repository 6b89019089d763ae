"""Where gems come from, as Bundler's settings say."""

from __future__ import annotations

import pytest

from buildpacks.ruby.gem_sources import parse_bundle_config, rubygems_source, with_credentials


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "https://rubygems.org"),
        ({"BUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG/": "https://gems.example/"}, "https://gems.example"),
        ({"BUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG": "https://gems.example"}, "https://gems.example"),
        ({"BUNDLE_MIRROR__ALL": "https://gems.example/all/"}, "https://gems.example/all"),
        ({"BUNDLE_MIRROR__ALL": "https://a:b@gems.example"}, "https://a:b@gems.example"),
        (
            {"BUNDLE_MIRROR__ALL": "https://my-gems.example", "BUNDLE_MY___GEMS__EXAMPLE": "me:secret"},
            "https://me:secret@my-gems.example",
        ),
    ],
)
def test_source_of_rubygems(settings: dict[str, str], expected: str) -> None:
    """A mirror of rubygems.org, or of everything, takes its place, with the credentials set for its host."""
    assert rubygems_source(settings) == expected


def test_credentials_for_an_address() -> None:
    """Credentials are found for the whole address, too; an address that has its own keeps them."""
    settings = {"BUNDLE_HTTPS://GEMS__EXAMPLE/PRIVATE/": "token"}

    assert with_credentials("https://gems.example/private", settings) == "https://token@gems.example/private"
    assert with_credentials("https://x@gems.example/private", settings) == "https://x@gems.example/private"


def test_bundle_config() -> None:
    """Bundler's own file is read, as far as it is Bundler's."""
    text = '---\nBUNDLE_MIRROR__ALL: "https://gems.example/"\nBUNDLE_JOBS: 4\nother: x\nBUNDLE_EMPTY\n'

    assert parse_bundle_config(text) == {"BUNDLE_MIRROR__ALL": "https://gems.example/", "BUNDLE_JOBS": "4"}
