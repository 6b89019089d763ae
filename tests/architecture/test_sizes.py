"""Sizes that ask for a second look: a file has one reason to exist, a function one thing to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("lifecycle_py", "builder", "buildpacks")
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _functions(source: str) -> Iterator[tuple[str, int]]:
    """Give name and length of each function, decorators and docstring left out: neither makes it harder to follow."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield node.name, (node.end_lineno or 0) - body[0].lineno + 1


def test_files_are_short() -> None:
    """A file has at most 400 lines, but for the texts of errors.py."""
    long = {
        str(file.relative_to(ROOT)): lines
        for file in _files()
        if file.name != "errors.py" and (lines := len(file.read_text().splitlines())) > MOST_LINES_OF_A_FILE
    }

    assert {} == long


def test_functions_are_short() -> None:
    """A function has at most 50 lines."""
    long = {
        f"{file.relative_to(ROOT)}:{name}": lines
        for file in _files()
        for name, lines in _functions(file.read_text())
        if lines > MOST_LINES_OF_A_FUNCTION
    }

    assert {} == long
