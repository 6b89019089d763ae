"""The lines of a Dockerfile as they are meant: continued lines joined, comments gone, here-documents kept together.

Facts: docs.docker.com "Dockerfile reference": Format, Parser directives, Here-Documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifecycle_py.dockerfile.errors import DockerfileError

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"(?<![<\w])(\d*)<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_.]*)\3")
_BLANK = re.compile(r"\s+")
_WITH_HEREDOCS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True, kw_only=True, slots=True)
class Heredoc:
    """A here-document: its text with its last newline, and whether variables in it are replaced."""

    name: str
    text: str
    expand: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LogicalLine:
    """One instruction: its first line's number, the keyword in capitals, what follows it, its here-documents."""

    number: int
    keyword: str
    rest: str
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """A whole file. ``escape`` is the character that continues a line and takes a character's meaning away."""

    escape: str
    lines: tuple[LogicalLine, ...]


def read_lines(text: str, file: str) -> Lines:
    """Split a Dockerfile.

    Raises:
        DockerfileError: a directive is unknown, or a here-document does not end.
    """
    physical = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    escape = _escape(physical, file)
    return Lines(escape=escape, lines=tuple(_logical(physical, escape, file)))


def _escape(physical: Sequence[str], file: str) -> str:
    """Read the parser directives at the top; only ``escape`` means something here."""
    for number, line in enumerate(physical, start=1):
        found = _DIRECTIVE.fullmatch(line.strip())
        if found is None:
            return "\\"
        if found[1].lower() == "escape":
            if found[2] not in {"\\", "`"}:
                raise DockerfileError(file=file, line=number, problem="the escape character is '\\' or '`'")
            return found[2]
    return "\\"


def _logical(physical: Sequence[str], escape: str, file: str) -> Iterator[LogicalLine]:
    position = 0
    while position < len(physical):
        start = position
        text, position = _joined(physical, position, escape)
        if not text.strip():
            continue
        keyword, _, rest = _BLANK.sub(" ", text.strip(), count=1).partition(" ")
        heredocs: list[Heredoc] = []
        for found in _HEREDOC.finditer(rest) if keyword.upper() in _WITH_HEREDOCS else ():
            heredoc, position = _heredoc(physical, position, found)
            if heredoc is None:
                raise DockerfileError(file=file, line=start + 1, problem=f"the here-document '{found[4]}' does not end")
            heredocs.append(heredoc)
        yield LogicalLine(number=start + 1, keyword=keyword.upper(), rest=rest.strip(), heredocs=tuple(heredocs))


def _joined(physical: Sequence[str], position: int, escape: str) -> tuple[str, int]:
    """Join a line with those it continues on; comments and empty lines between them are passed over."""
    parts: list[str] = []
    while position < len(physical):
        line = physical[position]
        position += 1
        if line.lstrip().startswith("#") or (parts and not line.strip()):
            if not parts:
                return "", position
            continue
        stripped = line.rstrip()
        if not stripped.endswith(escape):
            parts.append(line)
            break
        parts.append(stripped[:-1])
    return "".join(parts), position


def _heredoc(physical: Sequence[str], position: int, found: re.Match[str]) -> tuple[Heredoc | None, int]:
    """Read a here-document from the lines that follow; None when it does not end."""
    lines: list[str] = []
    while position < len(physical):
        line = physical[position].lstrip("\t") if found[2] else physical[position]
        position += 1
        if line == found[4]:
            text = "".join(f"{one}\n" for one in lines)
            return Heredoc(name=found[4], text=text, expand=not found[3]), position
        lines.append(line)
    return None, position
