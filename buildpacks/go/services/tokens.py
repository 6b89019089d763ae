"""Go source as tokens: enough to read calls and constants with certainty, without a Go program.

Strings and comments are recognised exactly, so that nothing inside of them is taken for code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A token; ``text`` of a string is its value, without quotes and escapes. Lines count from 1."""

    kind: Kind
    text: str
    line: int


Tokens = Sequence[Token]

_TOKEN = re.compile(
    r"""
      (?P<skip>\s+ | //[^\n]* | /\*.*?(?:\*/|\Z))
    | (?P<raw>`[^`]*(?:`|\Z))
    | (?P<string>"(?:\\.|[^"\\\n])*"?)
    | (?P<rune>'(?:\\.|[^'\\\n])*'?)
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<sign>:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OPENING, _CLOSING = "([{", ")]}"


def tokenize(source: str) -> list[Token]:
    """Split Go source into tokens, comments left out. Never fails: what is not Go becomes signs."""
    tokens = []
    line = 1
    for found in _TOKEN.finditer(source):
        text = found[0]
        match found.lastgroup:
            case "raw":
                tokens.append(Token(Kind.STRING, text.strip("`").replace("\r", ""), line))
            case "string":
                tokens.append(Token(Kind.STRING, _unescape(text[1:].removesuffix('"')), line))
            case "name":
                tokens.append(Token(Kind.NAME, text, line))
            case "number":
                tokens.append(Token(Kind.NUMBER, text.replace("_", ""), line))
            case "sign" | "rune":
                tokens.append(Token(Kind.SIGN, text, line))
            case _:
                pass
        line += text.count("\n")
    return tokens


def arguments(tokens: Tokens, opening: int) -> tuple[list[Tokens], int]:
    """Give what stands between the parenthesis at ``opening`` and its partner, split at commas, and the partner.

    The place is the end of the tokens when the parenthesis is never closed.
    """
    found: list[Tokens] = []
    depth, start = 0, opening + 1
    for at in range(opening, len(tokens)):
        text = tokens[at].text if tokens[at].kind is Kind.SIGN else ""
        if text and text in _OPENING:
            depth += 1
        elif text and text in _CLOSING:
            depth -= 1
        if depth == 0 or (depth == 1 and text == ","):
            if at > start:
                found.append(tokens[start:at])
            start = at + 1
        if depth == 0:
            return found, at
    return found, len(tokens)


def is_sign(tokens: Tokens, at: int, sign: str) -> bool:
    """Tell whether a sign stands there."""
    return 0 <= at < len(tokens) and tokens[at].kind is Kind.SIGN and tokens[at].text == sign


def is_name(tokens: Tokens, at: int, name: str = "") -> bool:
    """Tell whether a name, or this one, stands there."""
    return 0 <= at < len(tokens) and tokens[at].kind is Kind.NAME and (not name or tokens[at].text == name)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text, flags=re.DOTALL)
