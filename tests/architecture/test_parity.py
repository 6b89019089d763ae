"""The parity page is true: every statement that concerns a pack of ours has tests, and the page is what they say."""

from __future__ import annotations

from tests.support.parity import PACKS, REPOSITORY, find_holding_tests, read_statements, render

# The statements of our notes on Heroku that concern the packs there are: classic buildpacks, Procfile and source,
# Ruby, Python, Go, Node.js, system packages, and what holds for all.
CONCERNED = {*range(1, 12), *range(16, 67)}


def test_page_is_what_statements_and_tests_say() -> None:
    """``docs/reference/heroku-parity.md`` is the output of ``python -m tests.support.parity``."""
    assert render() == (REPOSITORY / "docs" / "reference" / "heroku-parity.md").read_text()


def test_every_statement_that_concerns_us_is_on_the_page_once() -> None:
    """No statement is left out, and none is answered twice."""
    assert sorted(CONCERNED) == [one.number for one in read_statements()]


def test_every_statement_has_a_chapter() -> None:
    """A catalogue that no chapter shows would be read by nobody."""
    assert {one.pack for one in read_statements()} <= PACKS


def test_statements_and_tests_belong_together() -> None:
    """Every statement has a test that is named after it, and every such test a statement."""
    assert {one.number for one in read_statements()} == {one.number for one in find_holding_tests()}
