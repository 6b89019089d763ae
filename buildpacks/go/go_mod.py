"""Reading go.mod: the module's name, its Go, what it requires, and Heroku's directives in comments.

Only what a build has to know before there is a Go to ask is read here; Go itself reads the rest, and judges it.

    // +heroku goVersion go1.26        the Go to build with; before the 'go' line, as on Heroku
    // +heroku install ./cmd/...       the packages to install; by default all that are programs
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from buildpacks.go.errors import DuplicateModLineError, GoModSyntaxError, NoModuleLineError

FILE = "go.mod"
_DIRECTIVE = re.compile(r"^\s*//\s*\+heroku\s+(?P<key>\S+)[^\S\n]*(?P<value>.*?)\s*$")
_ONCE = ("module", "go", "toolchain")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A value and the line it stands on, counted from 1."""

    text: str
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GoMod:
    """What go.mod says. ``requires`` maps module paths to versions; directives are in the order they stand."""

    module: str
    go: Line | None = None
    toolchain: Line | None = None
    requires: tuple[tuple[str, str], ...] = ()
    versions: tuple[Line, ...] = ()
    installs: tuple[Line, ...] = ()

    def required(self, module: str) -> str | None:
        """Give the version of a module the app requires, or None."""
        return dict(self.requires).get(module)


def parse_go_mod(text: str) -> GoMod:
    """Read a go.mod.

    Raises:
        GoModSyntaxError: a line cannot be understood, or a block is not closed.
        DuplicateModLineError: a line that may stand there once stands there twice.
        NoModuleLineError: nothing names the module.
    """
    once: dict[str, Line] = {}
    requires: list[tuple[str, str]] = []
    for number, words in _statements(text):
        keyword, arguments = words[0], words[1:]
        if keyword in _ONCE:
            if len(arguments) != 1:
                raise GoModSyntaxError(line=number, text=" ".join(words), reason=f"'{keyword}' is followed by one word")
            if keyword in once:
                raise DuplicateModLineError(keyword=keyword, line=number, first=once[keyword].number)
            once[keyword] = Line(text=arguments[0], number=number)
        elif keyword == "require":
            if len(arguments) != 2:  # noqa: PLR2004 - a path and a version
                raise GoModSyntaxError(line=number, text=" ".join(words), reason="expected a module and its version")
            requires.append((arguments[0], arguments[1]))
    if "module" not in once:
        raise NoModuleLineError
    return GoMod(
        module=once["module"].text,
        go=once.get("go"),
        toolchain=once.get("toolchain"),
        requires=tuple(requires),
        versions=tuple(_directives(text, "goVersion")),
        installs=tuple(_directives(text, "install")),
    )


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give each statement as words, with the keyword of its block before it."""
    block: list[str] = []
    opened = 0
    for number, line in enumerate(text.splitlines(), start=1):
        words = _words(line, number)
        if not words:
            continue
        if block and words == [")"]:
            block = []
        elif block:
            yield number, [*block, *words]
        elif words[-1] == "(" and len(words) == 2:  # noqa: PLR2004 - a keyword and the parenthesis
            block, opened = [words[0]], number
        else:
            yield number, words
    if block:
        raise GoModSyntaxError(line=opened, text=f"{block[0]} (", reason="this block is not closed")


def _words(line: str, number: int) -> list[str]:
    """Split a line as Go does: blanks separate, quotes hold together, '//' begins a comment."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif line.startswith("//", at):
            break
        elif line[at] in '"`':
            end = line.find(line[at], at + 1)
            if end < 0:
                raise GoModSyntaxError(line=number, text=line.strip(), reason="a quote is not closed")
            words.append(line[at + 1 : end])
            at = end + 1
        elif line[at] in "()":
            words.append(line[at])
            at += 1
        else:
            end = at
            while (
                end < len(line) and not line[end].isspace() and line[end] not in '()"`' and line[end : end + 2] != "//"
            ):
                end += 1
            words.append(line[at:end])
            at = end
    return words


def _directives(text: str, key: str) -> Iterator[Line]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _DIRECTIVE.match(line)
        if found and found["key"] == key and found["value"]:
            yield Line(text=found["value"], number=number)
