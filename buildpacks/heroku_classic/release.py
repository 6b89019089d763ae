"""What ``bin/release`` prints: the few forms of YAML that classic buildpacks use, read strictly.

A mapping of mappings and lists, as Ruby's ``to_yaml`` and hand-written heredocs give it, or the same as JSON. Anchors,
tags and several documents are refused with their line: guessing would start the wrong process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildpacks.heroku_classic.errors import InvalidReleaseError

_PAIR = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^ \t"'#{\[&*!|>%@`-][^:#]*?|[^ \t"'#:]+?):(?:[ \t]+(?P<value>.*))?"""
)
_BLANKS = " \t\r"
_SPECIAL = tuple("&*!%@`|>{}[],")
_EMPTY: Mapping[str, object] = {"": None, "{}": {}, "[]": [], "~": None, "null": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What a classic buildpack says about the app: process types, config vars to begin with, and add-ons."""

    process_types: Mapping[str, str] = field(default_factory=dict)
    config_vars: Mapping[str, str] = field(default_factory=dict)
    addons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str

    def problem(self, problem: str) -> InvalidReleaseError:
        return InvalidReleaseError(line=self.number, text=self.text, problem=problem)


def parse_release(text: str) -> Release:
    """Read the output of ``bin/release``.

    Raises:
        InvalidReleaseError: it has another form.
    """
    document = _json(text) if text.lstrip().startswith("{") else _document(text)
    return Release(
        process_types=_texts(document.get("default_process_types")),
        config_vars=_texts(document.get("config_vars")),
        addons=tuple(_texts_of_list(document.get("addons"))),
    )


def _json(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidReleaseError(line=1, text=text.strip().splitlines()[0], problem=str(error)) from None
    return document if isinstance(document, dict) else {}


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _texts_of_list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _document(text: str) -> dict[str, object]:
    lines = [line for line in map(_line, range(1, text.count("\n") + 2), text.split("\n")) if line]
    document: dict[str, object] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.indent:
            raise line.problem("it is indented, and belongs to nothing")
        key, value = _pair(line)
        below = _below(lines, at)
        if below and value:
            raise below[0].problem(f"'{key}' has a value already")
        document[key] = _block(below) if below else _empty_or_text(value, line)
        at += 1 + len(below)
    return document


def _line(number: int, text: str) -> _Line | None:
    """Give a line that says something; the marks of a document's beginning and end do not."""
    stripped = text.rstrip(_BLANKS)
    content = stripped.lstrip(" ")
    if not content or content.startswith("#") or (content == stripped and content in {"---", "...", "--- {}"}):
        return None
    line = _Line(number=number, indent=len(stripped) - len(content), text=content)
    if content.startswith("\t"):
        raise line.problem("it is indented with a tab, which YAML does not allow")
    return line


def _below(lines: list[_Line], at: int) -> list[_Line]:
    """Give the lines that belong to a key: indented ones, and items of a list, which need no indentation."""
    end = at + 1
    while end < len(lines) and (lines[end].indent or _is_item(lines[end])):
        end += 1
    return lines[at + 1 : end]


def _is_item(line: _Line) -> bool:
    return line.text == "-" or line.text.startswith("- ")


def _block(lines: list[_Line]) -> object:
    first = lines[0]
    items: list[str] = []
    pairs: dict[str, str] = {}
    for line in lines:
        if line.indent != first.indent:
            raise line.problem("it is indented differently from the lines around it")
        if _is_item(line) != _is_item(first):
            raise line.problem("a list and keys are mixed")
        if _is_item(line):
            items.append(_scalar(line.text[1:].strip(_BLANKS), line))
        else:
            key, value = _pair(line)
            pairs[key] = _scalar(value, line)
    return items or pairs


def _pair(line: _Line) -> tuple[str, str]:
    found = _PAIR.fullmatch(line.text)
    if found is None:
        raise line.problem("expected 'name: value'")
    return _scalar(found["key"].strip(_BLANKS), line), (found["value"] or "").strip(_BLANKS)


def _empty_or_text(value: str, line: _Line) -> object:
    return _EMPTY[value] if value in _EMPTY else _scalar(value, line)


def _scalar(text: str, line: _Line) -> str:
    """Read a value on one line: in double quotes, in single quotes, or plain."""
    if text.startswith('"'):
        return _double_quoted(text, line)
    if text.startswith("'"):
        found = re.fullmatch(r"'((?:[^']|'')*)'(?:[ \t]+#.*)?", text)
        if found is None:
            raise line.problem("a quote is not closed, or something follows it")
        return found[1].replace("''", "'")
    plain = re.split(r"(?:^|[ \t])#", text, maxsplit=1)[0].strip(_BLANKS)
    if plain.startswith(_SPECIAL):
        raise line.problem(f"'{plain[0]}' means something else in YAML; put the value in quotes")
    if re.search(r":([ \t]|$)", plain):
        raise line.problem("a value with ': ' has to stand in quotes")
    return plain


def _double_quoted(text: str, line: _Line) -> str:
    found = re.fullmatch(r'("(?:[^"\\]|\\.)*")(?:[ \t]+#.*)?', text)
    try:
        if found is not None:
            return str(json.loads(found[1], strict=False))
    except ValueError:
        pass
    raise line.problem("a quote is not closed, something follows it, or it holds an unknown escape")
