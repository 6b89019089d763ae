"""The forms in which buildpacks are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.choice.reference import Archive, Local, Named, Reference, Repository, parse_reference

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("offramp/python", Named(id="offramp/python")),
        ("offramp/python@0.1.0", Named(id="offramp/python", version="0.1.0")),
        ("urn:cnb:builder:offramp/go", Named(id="offramp/go")),
        ("heroku/python", Named(id="offramp/python", instead_of="heroku/python")),
        ("heroku/python@1.2", Named(id="offramp/python", instead_of="heroku/python@1.2")),
        (
            "urn:buildpack:heroku-community/apt",
            Named(id="offramp/apt", instead_of="urn:buildpack:heroku-community/apt"),
        ),
        ("./mine", Local(path="./mine")),
        ("/opt/mine", Local(path="/opt/mine")),
        ("packs/mine.tgz", Local(path="packs/mine.tgz")),
        ("https://example.com/a.tgz", Archive(url="https://example.com/a.tgz", sha256="")),
        ("https://example.com/a.tgz#sha256=AB", Archive(url="https://example.com/a.tgz", sha256="ab")),
        ("https://example.com/a.git#main", Repository(url="https://example.com/a.git", ref="main")),
        (f"https://example.com/a#{COMMIT}", Repository(url="https://example.com/a", ref=COMMIT)),
    ],
)
def test_parse_reference(text: str, expected: Reference) -> None:
    """Ids, paths, archives and repositories are told apart by their form."""
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    ("name", "ours"),
    [("heroku-buildpack-python", "python"), ("heroku-buildpack-go.git", "go"), ("buildpacks-procfile", "procfile")],
)
@pytest.mark.parametrize("ref", ["", "#v250", "#main"])
def test_heroku_s_own_repositories_are_replaced(name: str, ours: str, ref: str) -> None:
    """An app that names Heroku's buildpack by its repository is built by ours, whatever release it asks for."""
    found = parse_reference(f"https://github.com/heroku/{name}{ref}")

    assert isinstance(found, Named)
    assert found.id == f"offramp/{ours}"


@given(st.text(min_size=1))
def test_any_text_is_some_reference(text: str) -> None:
    """No text breaks the parser: what is nothing else is a path, which then is or is not there."""
    assert isinstance(parse_reference(text), Reference)
