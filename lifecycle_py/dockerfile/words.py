"""Words of a Dockerfile: quotes, escapes, and variables put in. Pure.

Facts: docs.docker.com "Dockerfile reference": Environment replacement. ``${name:-word}`` and ``${name:+word}`` are
known, and without the colon, which asks whether the variable is set instead of whether it holds something.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACES = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])((?:[^}\\]|\\.)*))?\}")


class WordError(ValueError):
    """A word cannot be read; the message says why."""


def split_words(text: str, escape: str = "\\") -> tuple[str, ...]:
    """Split at blanks outside of quotes; quotes and escapes stay, for ``expand``.

    Raises:
        WordError: a quote does not end.
    """
    words: list[str] = []
    word = ""
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character.isspace():
            words += [word] if word else []
            word = ""
            position += 1
            continue
        word += character
        position += 1
    if quote:
        raise WordError(f"the quote {quote} does not end")
    return (*words, word) if word else tuple(words)


def expand(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """Take quotes and escapes away and put variables in; within single quotes nothing is replaced.

    Raises:
        WordError: a quote does not end, or ``${…}`` cannot be read.
    """
    result: list[str] = []
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == escape and quote != "'":
            # Within double quotes only these lose their meaning; a lone escape at the end is taken as it stands.
            following = text[position + 1 : position + 2]
            keeps = quote == '"' and following not in {'"', "$", escape}
            result.append(character + following if keeps or not following else following)
            position += 2
        elif character == quote:
            quote = ""
            position += 1
        elif not quote and character in "\"'":
            quote = character
            position += 1
        elif character == "$" and quote != "'":
            value, position = _variable(text, position, variables, escape)
            result.append(value)
        else:
            result.append(character)
            position += 1
    if quote:
        raise WordError(f"the quote {quote} does not end")
    return "".join(result)


def expand_text(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """Put variables into the text of a here-document, where quotes mean nothing."""
    result: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == escape and text[position + 1 : position + 2] in {"$", escape}:
            result.append(text[position + 1])
            position += 2
        elif character == "$":
            value, position = _variable(text, position, variables, escape)
            result.append(value)
        else:
            result.append(character)
            position += 1
    return "".join(result)


def _variable(text: str, position: int, variables: Mapping[str, str], escape: str) -> tuple[str, int]:
    """Give the value of the reference at ``position``, and where it ends."""
    if text[position + 1 : position + 2] == "{":
        found = _BRACES.match(text, position)
        if found is None:
            raise WordError(f"'{text[position : position + 20]}' is no variable this lifecycle can put in")
        return _modified(found, variables, escape), found.end()
    named = _NAME.match(text, position + 1)
    if named is None:
        return "$", position + 1
    return variables.get(named[0], ""), named.end()


def _modified(found: re.Match[str], variables: Mapping[str, str], escape: str) -> str:
    name, modifier, word = found.groups()
    value = variables.get(name)
    if modifier is None:
        return value or ""
    is_there = bool(value) if modifier.startswith(":") else value is not None
    if modifier.endswith("+"):
        return expand(word, variables, escape) if is_there else ""
    return (value or "") if is_there else expand(word, variables, escape)
