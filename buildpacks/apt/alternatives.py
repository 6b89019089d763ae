"""Alternatives of Debian: links that a package's script would ask for, read out of the script without running it.

Without them ``libblas3`` has no ``libblas.so.3`` where programs look, and ``figlet`` no ``figlet``. Only the form in
which Debian's tools write these lines is understood; everything else in a script means nothing here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"\bupdate-alternatives\b(?P<arguments>[^;&|\n]*--install[^;&|\n]*)")
_GROUP = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A link a script asks for: both are absolute paths. The highest priority wins."""

    link: str
    path: str
    priority: int


def parse_alternatives(script: str) -> tuple[Alternative, ...]:
    """Read the alternatives, the slaves of each as well; what holds a variable of the shell is left out."""
    joined = script.replace("\\\n", " ")
    return tuple(one for call in _CALL.finditer(joined) for one in _alternatives(call["arguments"]) if _is_literal(one))


def make_links(tree: Path, alternatives: tuple[Alternative, ...]) -> None:
    """Make the links below ``tree``, best first, unless something stands there or the path is not in the tree."""
    for one in sorted(alternatives, key=lambda one: (-one.priority, one.link, one.path)):
        link = tree / one.link.lstrip("/")
        if (tree / one.path.lstrip("/")).exists() and not link.exists() and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(one.path)


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
