"""The program that keeps the inventories of releases."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "tools" / "update-releases"
INVENTORY = """
[[lines]]
line = "3.12"
end_of_life = 2028-10-31
newest = "3.12.1"

[[lines]]
line = "3.13"
end_of_life = 2029-10-31
newest = "3.13.2"
"""


@pytest.fixture(scope="module")
def program() -> Any:
    """The program as a module."""
    spec = spec_from_loader("update_releases", SourceFileLoader("update_releases", str(PROGRAM)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_newest_releases(program: Any) -> None:
    """Numbers are compared as numbers, and previews are left out."""
    assert program.newest_releases(["3.12.9", "3.12.10", "3.13.0rc1", "3.13.0"]) == {
        "3.12": "3.12.10",
        "3.13": "3.13.0",
    }


def test_update(program: Any) -> None:
    """Only the newest release of a line that has one changes."""
    updated = program.update(INVENTORY, {"3.12": "3.12.10"})

    assert updated == INVENTORY.replace("3.12.1", "3.12.10")


def test_missing_lines(program: Any) -> None:
    """A new line is named; those before the first are not missed."""
    assert program.missing_lines(INVENTORY, {"3.9": "3.9.1", "3.12": "3.12.1", "3.14": "3.14.0"}) == ["3.14"]


@pytest.mark.parametrize(("language", "line"), [("python", "3.13"), ("ruby", "3.3")])
def test_inventory_has_the_form_the_program_knows(program: Any, language: str, line: str) -> None:
    """The program finds every line of the real inventories."""
    text = (program._BUILDPACKS / language / "releases.toml").read_text()

    assert program.update(text, {line: f"{line}.99"}).count(f"{line}.99") == 1
    assert program.missing_lines(text, {"9.99": "9.99.0"}) == ["9.99"]


def test_releases_of_ruby(program: Any, tmp_path: Path) -> None:
    """Ruby's are the first words of the list's lines; previews are told apart later."""
    index = tmp_path / "index.txt"
    index.write_text("name\turl\nruby-3.4.1\thttps://x/ruby-3.4.1.tar.gz\nruby-3.5.0-preview1\thttps://x/y\n")

    assert program.newest_releases(program.rubies(index.as_uri())) == {"3.4": "3.4.1"}
