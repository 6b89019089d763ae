"""The conformance page is true: every marker is known, every MUST has a test, and the page is what they say."""

from __future__ import annotations

from tests.support.conformance import (
    REPOSITORY,
    find_marked_tests,
    group_by_id,
    read_deviations,
    read_requirements,
    read_untested,
    render,
)


def _known() -> list[str]:
    return [*(one.id for one in read_requirements()), *(one.id for one in read_deviations())]


def test_page_is_what_catalogue_and_markers_say() -> None:
    """``docs/reference/conformance.md`` is the output of ``python -m tests.support.conformance``."""
    assert render() == (REPOSITORY / "docs" / "reference" / "conformance.md").read_text()


def test_ids_are_unique() -> None:
    """No two requirements have one id."""
    known = _known()

    assert len(set(known)) == len(known)


def test_markers_name_what_is_in_the_catalogue() -> None:
    """A test is marked with ids of the catalogue only."""
    known = set(_known())

    assert [] == [
        (test.path, test.name, name) for test in find_marked_tests() for name in test.ids if name not in known
    ]


def test_every_must_and_every_decision_has_a_test() -> None:
    """Whatever binds the lifecycle is held by a test, or stands in the list of what is still to be tested."""
    binding = [one.id for one in read_requirements() if one.binding and one.on == "lifecycle"]
    binding += [one.id for one in read_deviations()]
    tested = group_by_id(find_marked_tests())

    assert [] == [name for name in binding if name not in tested and name not in read_untested()]


def test_list_of_what_is_untested_only_shrinks() -> None:
    """What has a test, or is unknown, does not stand in the list of what is still to be tested."""
    tested, known = group_by_id(find_marked_tests()), set(_known())

    assert [] == [name for name in read_untested() if name in tested or name not in known]
