"""Alternatives of Debian: links that a package's script would ask for, read out of the script without running it.

Without them ``libblas3`` has no ``libblas.so.3`` where programs look, and ImageMagick no ``magick``. Understood are the
form in which Debian's tools write these lines, and variables that a loop or an assignment gives plain words; everything
else in a script means nothing here.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"\bupdate-alternatives\b(?P<arguments>[^;&|\n]*--install[^;&|\n]*)")
_LOOP = re.compile(r"\bfor\s+(?P<name>\w+)\s+in\s+(?P<words>[^;\n$`\"'*?]+?)\s*[;\n]\s*do\b")
_ASSIGNMENT = re.compile(r"""^\s*(?P<name>\w+)=(?P<quote>["']?)(?P<words>[^\s"'$`]*)(?P=quote)\s*$""", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_GROUP = 3
_MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A link a script asks for: both are absolute paths. The highest priority wins."""

    link: str
    path: str
    priority: int


def parse_alternatives(script: str) -> tuple[Alternative, ...]:
    """Read the alternatives, the slaves of each as well; a path with anything but plain words in it is left out."""
    joined = script.replace("\\\n", " ")
    variables = _variables(joined)
    found = (
        one
        for call in _CALL.finditer(joined)
        for arguments in _expanded(call["arguments"], variables)
        for one in _alternatives(arguments)
        if _is_literal(one)
    )
    return tuple(dict.fromkeys(found))


def make_links(tree: Path, alternatives: tuple[Alternative, ...]) -> None:
    """Make the links below ``tree``, best first, unless something stands there or the path is not in the tree."""
    for one in sorted(alternatives, key=lambda one: (-one.priority, one.link, one.path)):
        link = tree / one.link.lstrip("/")
        if (tree / one.path.lstrip("/")).exists() and not link.exists() and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(one.path)


def _variables(script: str) -> dict[str, tuple[str, ...]]:
    """Give the words that loops and assignments of a script give to each variable."""
    variables: dict[str, tuple[str, ...]] = {}
    for found in (*_LOOP.finditer(script), *_ASSIGNMENT.finditer(script)):
        name = found["name"]
        variables[name] = (*variables.get(name, ()), *found["words"].split())
    return variables


def _expanded(text: str, variables: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Give the text once for every value of its variables; what is not known stays as it is."""
    names = sorted({one[1] or one[2] for one in _VARIABLE.finditer(text)} & set(variables))
    for values in itertools.islice(itertools.product(*(variables[name] for name in names)), _MOST):
        known = dict(zip(names, values, strict=True))
        yield _VARIABLE.sub(lambda one, known=known: known.get(one[1] or one[2], one[0]), text)  # type: ignore[misc]


def _alternatives(arguments: str) -> Iterator[Alternative]:
    try:
        words = shlex.split(arguments)
    except ValueError:
        return
    place = words.index("--install") + 1 if "--install" in words else len(words)
    if len(words) < place + _GROUP + 1 or not words[place + _GROUP].lstrip("-").isdigit():
        return
    priority = int(words[place + _GROUP])
    yield Alternative(link=words[place], path=words[place + 2], priority=priority)
    for number, word in enumerate(words):
        if word == "--slave" and len(words) > number + _GROUP:
            yield Alternative(link=words[number + 1], path=words[number + 3], priority=priority)


def _is_literal(one: Alternative) -> bool:
    return all(
        path.startswith("/") and "$" not in path and "`" not in path and ".." not in path.split("/")
        for path in (one.link, one.path)
    )
