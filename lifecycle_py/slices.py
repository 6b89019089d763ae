"""Slices of the app directory: which files each slice's globs take, and what is left. Pure over a list of paths.

Globs mean what Go's ``filepath.Match`` means (reference/cnb.md §b.9): no ``**``, ``*`` and ``?`` stop at ``/``,
``[^x]`` negates, a backslash escapes. A directory that matches brings everything below it.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle_py.spec.launch_toml import Slice

_NOTHING = r"(?!)"

# What a glob is made of. In a class, "-" and "]" have to be escaped, and there is at least one character.
_CHARACTER = r"(?:\\.|[^\\\]-])"
_RANGE = re.compile(f"({_CHARACTER})(?:-({_CHARACTER}))?", re.DOTALL)
_TOKEN = re.compile(
    rf"\[(?P<negated>\^?)(?P<class>(?:{_CHARACTER}(?:-{_CHARACTER})?)+)\]|\\.|[^\[\\]",
    re.DOTALL,
)


def split_app(paths: Sequence[str], slices: Sequence[Slice]) -> tuple[tuple[str, ...], ...]:
    """Give the paths of each slice in order and, last, the rest.

    Args:
        paths: every file and directory of the app, relative, parents before children.
        slices: the slices in the order they were declared; a path goes to the first that takes it.

    A directory all of whose contents were taken counts as taken, as in the reference. The rest of an app without any
    file is the app directory itself, ``""``.
    """
    remaining = list(paths)
    parts: list[tuple[str, ...]] = []
    for one in slices:
        pattern = re.compile("|".join(f"(?:{go_pattern(glob)})(?:/.*)?" for glob in one.paths) or r"(?!)", re.DOTALL)
        taken = [path for path in remaining if pattern.fullmatch(path)]
        taken_set = set(taken)
        remaining = _without_emptied([path for path in remaining if path not in taken_set], taken)
        parts.append(tuple(taken))
    return (*parts, tuple(remaining) if paths else ("",))


def _without_emptied(remaining: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Drop the directories of ``remaining`` that have lost everything they held."""
    had = {_parent(path) for path in taken}
    needed: set[str] = set()
    kept: list[str] = []
    for path in reversed(remaining):
        if path in had and path not in needed:
            had.add(_parent(path))
        else:
            needed.add(_parent(path))
            kept.append(path)
    return kept[::-1]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def list_tree(root: Path) -> Iterator[str]:
    """List everything below a directory as relative paths, parents before children, links not followed."""
    with os.scandir(root) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        yield entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from (f"{entry.name}/{below}" for below in list_tree(Path(entry.path)))


def go_pattern(glob: str) -> str:
    """Translate a glob of Go's ``filepath.Match`` to a regular expression; a malformed one matches nothing.

    The glob is cleaned as Go's ``filepath.Join`` cleans it, so ``./a``, ``/a`` and ``a/`` are ``a``. What names the app
    directory itself matches everything, what leads out of it nothing.
    """
    clean = posixpath.normpath(glob.lstrip("/"))
    if clean == ".":
        return ".*"
    if clean.split("/")[0] == "..":
        return _NOTHING
    parts = [_component(part) for part in clean.split("/")]
    return _NOTHING if None in parts else "/".join(part for part in parts if part)


def _component(glob: str) -> str | None:
    """Translate one component of a path; None when it is malformed."""
    result: list[str] = []
    position = 0
    while position < len(glob):
        matched = _TOKEN.match(glob, position)
        if matched is None:
            return None
        position = matched.end()
        if matched["class"]:
            result.append(_class(matched["negated"], matched["class"]))
        else:
            token = matched[0]
            result.append({"*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token.removeprefix("\\")))
    return "".join(result)


def _class(negated: str, ranges: str) -> str:
    """Translate a character class. A range from high to low is legal and empty, so it is left out."""
    pairs = ((low, high or low) for low, high in _RANGE.findall(ranges))
    plain = ((low[-1], high[-1]) for low, high in pairs)
    body = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in plain if low <= high)
    if not body:
        return "[^/]" if negated else _NOTHING
    return f"(?!/)[{negated}{body}]"
