"""A tree as text: branches drawn, texts of several lines kept together. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A line, further lines that belong to it, and what is below it."""

    text: str
    details: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()


def draw(node: Node) -> Iterator[str]:
    """Give the lines of a tree."""
    yield node.text
    trunk = "│ " if node.children else "  "
    yield from (f"{trunk}  {line}".rstrip() for line in node.details)
    for number, child in enumerate(node.children, start=1):
        last = number == len(node.children)
        first, *rest = draw(child)
        yield ("└─ " if last else "├─ ") + first
        yield from (f"{'   ' if last else '│  '}{line}".rstrip() for line in rest)
