"""Parsing .python-version and runtime.txt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.python.errors import (
    InvalidVersionFileError,
    MultipleVersionsError,
    NoVersionInFileError,
    VersionFileEncodingError,
    VersionFileError,
)
from buildpacks.python.version_files import RUNTIME_FILE, WantedVersion, parse_version_file

NUMBERS = st.integers(0, 99)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"3.13", WantedVersion(3, 13)),
        (b"3.13.5\n", WantedVersion(3, 13, 5)),
        (b"\n  # why\n\t3.9.0  \r\n\n", WantedVersion(3, 9, 0)),
        ("\u00a03.13\u2003\n".encode(), WantedVersion(3, 13)),
    ],
)
def test_parse_accepts(data: bytes, expected: WantedVersion) -> None:
    """One version is found among blank lines, comments and space of any kind."""
    assert parse_version_file(data) == expected


@given(NUMBERS, NUMBERS, st.none() | NUMBERS)
def test_parse_round_trip(major: int, minor: int, patch: int | None) -> None:
    """A version's text parses to the same version, in both files."""
    version = WantedVersion(major, minor, patch)

    assert parse_version_file(str(version).encode()) == version
    assert parse_version_file(f"python-{version}".encode(), RUNTIME_FILE) == version


@pytest.mark.parametrize(
    "line",
    ["python-3.13", "3", "3.x", "3.13.*", '"3.13"', "3.13 # newest", "03.13", "3.013", "3.13.0rc1", "3.13.1.1", "³.13"],
)
def test_parse_invalid(line: str) -> None:
    """What is not exactly a version is refused."""
    with pytest.raises(InvalidVersionFileError):
        parse_version_file(line.encode())


def test_parse_invalid_beats_multiple() -> None:
    """Every line is checked before they are counted, and the broken one is quoted without control characters."""
    with pytest.raises(InvalidVersionFileError) as caught:
        parse_version_file(b"3.12\n3.13\x1b[1m\n")

    assert caught.value.line == "3.13\ufffd[1m"


def test_parse_runtime_needs_prefix() -> None:
    """A version in runtime.txt without its prefix is an error that shows the right form."""
    with pytest.raises(InvalidVersionFileError) as caught:
        parse_version_file(b"3.13", RUNTIME_FILE)

    assert caught.value.explain().fix == ("Make 'runtime.txt' contain one line with the version, such as: python-3.13",)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NoVersionInFileError),
        (b"# 3.13\n", NoVersionInFileError),
        (b"3.12\n3.13\n", MultipleVersionsError),
        (b"\xef\xbb\xbf3.13", VersionFileEncodingError),
        ("3.13".encode("utf-16"), VersionFileEncodingError),
        (b"3.13\xff", VersionFileEncodingError),
    ],
)
def test_parse_errors(data: bytes, error: type[VersionFileError]) -> None:
    """Each way a file can be wrong has its own error, which explains itself."""
    with pytest.raises(error) as caught:
        parse_version_file(data)

    assert ".python-version" in caught.value.explain().what
    assert caught.value.explain().fix


@given(st.binary(max_size=40))
def test_parse_never_crashes(data: bytes) -> None:
    """Whatever the bytes, they are a version or an explained error."""
    try:
        version: object = parse_version_file(data)
    except VersionFileError as error:
        version = error.explain()
    assert version
