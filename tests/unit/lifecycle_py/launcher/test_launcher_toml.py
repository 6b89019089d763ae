"""The launcher's TOML parser against `tomllib`, and under gcc's sanitizers."""

from __future__ import annotations

import json
import random
import string
import struct
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.lifecycle_py.launcher.compiled import HERE

OPAQUE: Final = None
"""How a number or date shows: the launcher skips them."""

CORPUS: Final = tuple(path.read_text() for path in sorted((HERE / "corpus").glob("*.toml")))

# Lines whose combinations reach every rule about who may define and extend a table.
# fmt: off
LINES: Final = (
    *("[a]", "[a.b]", "[a.b.c]", "[b]", "[[a]]", "[[a.b]]", "[[b]]", "[ a . 'b' ]", "[a]]", "[[a]", "[]", "[a.]"),
    *("[ [a]]", "[ ]", "a = 'x'", "a = []", "a = [{}]", "a = {}", "a = {b = 'x'}", "b = true", "c = 'x'"),
    *("a.b = 'x'", "a.c = 'x'", "b.c = {}", "a.b.c = 'x'", "a.b.d = 'x'", "b = {a.b = 'x', a.c = 'y'}"),
    *("b = {a = {b = 'x'}, a.c = 'y'}", "b = {a = '', a = ''}", "b = {c = '',}", "b = {c = ''\n}", "b = {,}"),
    *("c = ['x',\n# y\n'z'\n,]", "c = [,]", "c = ['x' 'y']", '"" = ""', "'' = ''", "d = trueish", "d = 'x' y"),
    *("d = 'x' # y", "d =", "= 'x'", "d", "d e = ''", r'd = "\q"', "", '"""d""" = "x"', "'''d''' = 'x'"),
    *('d = """\n\\\n  x"""', r'd = """\ x"""', 'd = """a""""""', "d = ''''a'''''", "d = 'x\ny'", r'd = "\ud800"'),
    *(r'd = "\u00E9"', r'd = "\u12"', r'd = "\U00110000"', "d = 'a\tb\u00e9'", "d = '\x7f'", "# \x01", "d = ''\r"),
    *("\r\n", "\r", " \t"),
)
# fmt: on


class Parser:
    """The launcher's parser, compiled as a filter."""

    def __init__(self, program: Path) -> None:
        """Remember the filter."""
        self._program = program

    def parse(self, documents: Iterable[bytes]) -> list[Any]:
        """Parse all documents in one process; fail on anything a sanitizer reports."""
        frames = b"".join(struct.pack("<I", len(document)) + document for document in documents)
        result = subprocess.run(
            [self._program], input=frames, capture_output=True, check=False, env={"ASAN_OPTIONS": "detect_leaks=0"}
        )
        assert (0, "") == (result.returncode, result.stderr.decode(errors="replace"))
        return [_readable(json.loads(line)) for line in result.stdout.splitlines()]


class Rejected(str):
    """The parser's error: line and message."""

    __slots__ = ()


def _readable(value: Any, *, is_root: bool = True) -> Any:
    """Turn the hexadecimal of keys and strings back into text."""
    match value:
        case str() if is_root:
            return Rejected(bytes.fromhex(value).decode())
        case str():
            return bytes.fromhex(value).decode()
        case list():
            return [_readable(element, is_root=False) for element in value]
        case dict():
            return {bytes.fromhex(key).decode(): _readable(member, is_root=False) for key, member in value.items()}
        case _:
            return value


def by_tomllib(document: bytes) -> Any:
    """Parse with the standard library; None when it rejects the document."""
    try:
        return _without_scalars(tomllib.loads(document.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def _without_scalars(value: Any) -> Any:
    """Blank numbers and dates."""
    match value:
        case dict():
            return {key: _without_scalars(member) for key, member in value.items()}
        case list():
            return [_without_scalars(element) for element in value]
        case str() | bool():
            return value
        case _:
            return OPAQUE


def _holds_opaque(value: Any) -> bool:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is OPAQUE or any(map(_holds_opaque, members))


def mismatches(documents: Sequence[bytes], results: Sequence[Any]) -> list[tuple[bytes, Any, Any]]:
    """Return where the parser and `tomllib` differ; that the parser takes any number for one is allowed."""
    differing = []
    for document, ours in zip(documents, results, strict=True):
        theirs = by_tomllib(document)
        if isinstance(ours, Rejected):
            agrees = theirs is None or "nested too deeply" in ours
        else:
            agrees = ours == theirs or (theirs is None and _holds_opaque(ours))
        if not agrees:
            differing.append((document, ours, theirs))
    return differing


@pytest.fixture(scope="session")
def parser(toml_dump: Path) -> Parser:
    """Return the parser under sanitizers."""
    return Parser(toml_dump)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.datetimes(), st.dates()
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=5)


@settings(max_examples=25, deadline=None)
@given(documents=st.lists(DOCUMENTS, max_size=12), multiline=st.booleans())
def test_reads_what_tomli_w_writes(parser: Parser, documents: list[dict[str, Any]], *, multiline: bool) -> None:
    """Any document of tomli-w, the lifecycle's writer, is read as `tomllib` reads it."""
    sources = [tomli_w.dumps(document, multiline_strings=multiline).encode() for document in documents]

    assert [] == mismatches(sources, parser.parse(sources))


@pytest.mark.parametrize("document", CORPUS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_reads_other_writers(parser: Parser, document: str, newline: str) -> None:
    """Indented tables, all kinds of strings, numbers, dates and both newlines are read as `tomllib` reads them."""
    source = document.replace("\n", newline).encode()

    assert [by_tomllib(source)] == parser.parse([source])


def test_table_rules(parser: Parser) -> None:
    """Any combination of lines is accepted or rejected as `tomllib` does it."""
    generator = random.Random(20250101)  # noqa: S311  not for secrets
    documents = [
        "\n".join(generator.choice(LINES) for _ in range(generator.randint(1, 5))).encode() for _ in range(6000)
    ]

    assert [] == mismatches(documents, parser.parse(documents))


def test_mutations(parser: Parser) -> None:
    """No mutation of a document makes the parser do anything undefined, or read it other than `tomllib` does."""
    generator = random.Random(20250102)  # noqa: S311  not for secrets
    corpus = [text.encode() for text in (*CORPUS, "\n".join(LINES))]
    documents = [_mutated(generator, generator.choice(corpus)) for _ in range(6000)]

    assert [] == mismatches(documents, parser.parse(documents))


def test_every_prefix(parser: Parser) -> None:
    """A document that ends anywhere is handled: nothing is read beyond its last byte."""
    documents = [text.encode()[:end] for text in CORPUS for end in range(len(text.encode()) + 1)]

    assert [] == mismatches(documents, parser.parse(documents))


def _mutated(generator: random.Random, source: bytes) -> bytes:
    """Delete, double, overwrite and insert, up to six times."""
    mutated = bytearray(source)
    interesting = b"\"'[]{}=.,#\\\n\r\t \x00\x7f\xff\xc3\xe2ux" + string.ascii_letters.encode()
    for _ in range(generator.randint(1, 6)):
        start = generator.randrange(len(mutated) + 1)
        end = min(len(mutated), start + generator.choice((0, 1, 1, 2, 8, 60)))
        match generator.randrange(3):
            case 0:
                del mutated[start:end]
            case 1:
                mutated[start:start] = mutated[start:end]
            case _:
                mutated[start:end] = bytes(generator.choices(interesting, k=generator.randint(1, 3)))
    return bytes(mutated)


@pytest.mark.parametrize(
    ("document", "line", "words"),
    [
        ('a = 1\nb = "\\x"', 2, "unknown escape"),
        ("a = 1\r\n\r\nb", 3, "expected '='"),
        ('a = """\n\n\n', 4, "without an end"),
        ("a = [\n1,\n2\n3]", 4, "expected ',' or ']'"),
        ("\n[a]\n[a]", 3, "already defined"),
        ("a = 1\na = 2", 2, "already set"),
        ("# \n\n'\xff", 3, "not UTF-8"),
        ("a = 'x", 1, "without an end on its line"),
        ('a = "\\uD800"', 1, "not a Unicode scalar value"),
        ("a = " + "[" * 100, 1, "nested too deeply"),
    ],
)
def test_errors(parser: Parser, document: str, line: int, words: str) -> None:
    """An error names its line and its reason."""
    [error] = parser.parse([document.encode("latin-1")])

    assert (True, True) == (isinstance(error, Rejected) and error.startswith(f"{line}: "), words in error)
