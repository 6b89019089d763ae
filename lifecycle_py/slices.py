"""Slices of the app directory: which files each slice's globs take, and what is left. Pure over a list of paths.

Globs mean what Go's ``filepath.Match`` means (reference/cnb.md §b.9): no ``**``, ``*`` and ``?`` stop at ``/``,
``[^x]`` negates, a backslash escapes. A directory that matches brings everything below it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle_py.spec.launch_toml import Slice


def split_app(paths: Sequence[str], slices: Sequence[Slice]) -> tuple[tuple[str, ...], ...]:
    """Give the paths of each slice in order and, last, the rest.

    Args:
        paths: every file and directory of the app, relative, parents before children.
        slices: the slices in the order they were declared; a path goes to the first that takes it.
    """
    remaining = list(paths)
    parts: list[tuple[str, ...]] = []
    for one in slices:
        pattern = re.compile("|".join(f"(?:{go_pattern(glob)})(?:/.*)?" for glob in one.paths) or r"(?!)", re.DOTALL)
        taken = [path for path in remaining if pattern.fullmatch(path)]
        taken_set = set(taken)
        remaining = [path for path in remaining if path not in taken_set]
        parts.append(tuple(taken))
    return (*parts, tuple(remaining))


def list_tree(root: Path) -> Iterator[str]:
    """List everything below a directory as relative paths, parents before children, links not followed."""
    with os.scandir(root) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        yield entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from (f"{entry.name}/{below}" for below in list_tree(Path(entry.path)))


def go_pattern(glob: str) -> str:
    """Translate a glob of Go's ``filepath.Match`` to a regular expression; a malformed one matches nothing."""
    glob = glob.removeprefix("./").rstrip("/")
    result: list[str] = []
    position = 0
    while position < len(glob):
        character = glob[position]
        position += 1
        if character == "*":
            result.append("[^/]*")
        elif character == "?":
            result.append("[^/]")
        elif character == "[":
            matched = re.compile(r"(\^?)((?:\\.|[^\]\\])+)\]").match(glob, position)
            if matched is None:
                return r"(?!)"
            body = re.sub(r"(?<!\\)([\[&~|])", r"\\\1", matched[2])
            result.append(f"(?!/)[{'^' if matched[1] else ''}{body}]")
            position = matched.end()
        elif character == "\\" and position < len(glob):
            result.append(re.escape(glob[position]))
            position += 1
        else:
            result.append(re.escape(character))
    return "".join(result)
