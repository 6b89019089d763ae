"""The grammar of a Procfile: text to entries and warnings, in Heroku's strict form or in its lenient one.

Strict (Heroku's CNB, the default): a line is blank, a comment, or ``key: command``. A key names a Kubernetes object,
so it is a label of RFC 1123; upper case, ``_`` and leading space are corrected with a warning, anything else is an
error. Lenient (Heroku's classic slugs): a line that matches ``key:? command`` is an entry, its key stays as it is,
and every other line is ignored.

In both, a ``#`` inside a command belongs to the command, and a command keeps its trailing space.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from buildpacks.procfile.errors import (
    DuplicateAfterCorrectionError,
    EmptyCommandError,
    InvalidKeyError,
    MissingColonError,
    Position,
)

_LONGEST_KEY = 63
_LOWER_AND_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LENIENT_KEY = _LOWER_AND_DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
_SPACE = " \t\r\v\f"


class Grammar(StrEnum):
    """Which lines are entries, and which are errors."""

    STRICT = "strict"
    LENIENT = "lenient"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A process: its type, the key as it was written, the command verbatim, and its line (from 1)."""

    type: str
    key: str
    command: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Procfile:
    """The entries, in the order of the file, and what to tell the user."""

    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_procfile(text: str, grammar: Grammar = Grammar.STRICT) -> Procfile:
    """Parse the text of a Procfile.

    Raises:
        InvalidKeyError, MissingColonError, EmptyCommandError: a line is no entry (strict only).
        DuplicateAfterCorrectionError: two different keys name the same process.
    """
    parse_line = _strict_entry if grammar is Grammar.STRICT else _lenient_entry
    found: list[Entry] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        entry = parse_line(line.removesuffix("\r"), number)
        if entry is not None:
            found.append(entry)
    warnings = [
        f"Procfile key `{entry.key}` has been corrected to `{entry.type}`. Please update your Procfile."
        for entry in found
        if entry.key != entry.type
    ]
    entries = _without_duplicates(found, warnings)
    if not entries:
        warnings.append("Empty file, no processes defined")
    return Procfile(entries=entries, warnings=tuple(warnings))


def process_type(key: str) -> str:
    """Correct a key towards RFC 1123, which is also how the translation names Kubernetes objects."""
    return key.strip(_SPACE).lower().replace("_", "-")


def _strict_entry(line: str, number: int) -> Entry | None:
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    key, colon, rest = line.partition(":")
    if not colon:
        raise MissingColonError(position=Position(line=number, column=_end_of_word(line), text=line))
    corrected = process_type(key)
    bad = _first_bad_column(key, corrected)
    if bad is not None:
        raise InvalidKeyError(position=Position(line=number, column=bad, text=line), key=key.strip(_SPACE))
    command = rest.lstrip(_SPACE)
    if not command:
        raise EmptyCommandError(position=Position(line=number, column=len(line) + 1, text=line), key=corrected)
    return Entry(type=corrected, key=key, command=command, line=number)


def _first_bad_column(key: str, corrected: str) -> int | None:
    """Find the column (from 1) of the first character that no correction can save."""
    indent = len(key) - len(key.lstrip(_SPACE))
    for at, char in enumerate(corrected):
        is_edge = at in {0, len(corrected) - 1}
        if not (char in _LOWER_AND_DIGITS or (char == "-" and not is_edge)) or at >= _LONGEST_KEY:
            return indent + at + 1
    # A space between the key and its colon is not a correction Heroku makes.
    return None if corrected and key == key.rstrip(_SPACE) else indent + len(corrected) + 1


def _lenient_entry(line: str, number: int) -> Entry | None:
    # Heroku's expression, as code: ^[[:space:]]*([a-zA-Z0-9_-]+):?\s+(.*)[[:space:]]*
    start = line.lstrip(_SPACE)
    end = next((at for at, char in enumerate(start) if char not in _LENIENT_KEY), len(start))
    key, rest = start[:end], start[end:].removeprefix(":")
    command = rest.lstrip(_SPACE)
    if not key or command == rest or not command:
        return None
    return Entry(type=key, key=key, command=command, line=number)


def _without_duplicates(found: list[Entry], warnings: list[str]) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    for entry in found:
        name = process_type(entry.type)
        earlier = entries.get(name)
        if earlier is not None and earlier.key != entry.key:
            raise DuplicateAfterCorrectionError(
                first=earlier.key, first_line=earlier.line, second=entry.key, line=entry.line
            )
        if earlier is not None:
            warnings.append(
                f"`{entry.type}` is defined in line {earlier.line} and again in line {entry.line}; the last counts"
            )
        entries[name] = entry
    return tuple(entries.values())


def _end_of_word(line: str) -> int:
    indent = len(line) - len(line.lstrip(_SPACE))
    return indent + len(line.split(maxsplit=1)[0]) + 1
