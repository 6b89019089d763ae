"""What the docs say of the code is true: the reference is generated, links resolve, settings are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lifecycle_py.cli.reference
from builder.cli.reference import render

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")])


def test_command_line_reference_is_what_the_commands_say() -> None:
    """``docs/reference/cli.md`` is the output of ``python -m builder.cli.reference``."""
    assert render() == (DOCS / "reference" / "cli.md").read_text()


def test_phase_programs_reference_is_what_their_flags_are() -> None:
    """``docs/reference/lifecycle.md`` is the output of ``python -m lifecycle_py.cli.reference``."""
    assert lifecycle_py.cli.reference.render() == (DOCS / "reference" / "lifecycle.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_settings_are_documented() -> None:
    """Every ``OFFRAMP_*`` variable that the code reads is in the reference."""
    documented = (DOCS / "reference" / "environment.md").read_text()
    used = {name for source in _sources() for name in re.findall(r'"(OFFRAMP_[A-Z_]+)"', source.read_text())}

    assert used
    assert set() == {name for name in used if f"`{name}`" not in documented}


def test_pages_named_in_the_code_exist() -> None:
    """A comment that points to a page points to one that is there; decisions may be named by their number."""
    for source in _sources():
        for name in re.findall(r"docs/[\w./-]+?\.md", source.read_text()):
            assert (REPOSITORY / name).exists(), f"{source} names {name}"
        for number in re.findall(r"docs/decisions/(\d{4})", source.read_text()):
            assert list((DOCS / "decisions").glob(f"{number}-*.md")), f"{source} names decision {number}"


def test_decisions_are_numbered_and_listed() -> None:
    """Every decision has its own number and stands in the list."""
    files = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    listed = re.findall(r"\]\(([^)]+)\)", (DOCS / "decisions" / "README.md").read_text())

    assert [f"{number:04d}" for number in range(1, len(files) + 1)] == [name[:4] for name in files]
    assert set(files) == set(listed)


def _sources() -> Iterator[Path]:
    for package in ("lifecycle_py", "builder", "buildpacks"):
        yield from (REPOSITORY / package).rglob("*.py")
