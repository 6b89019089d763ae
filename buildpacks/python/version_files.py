"""Reading ``.python-version`` and ``runtime.txt``: bytes in, a version out. No file is touched here."""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.python.errors import (
    InvalidVersionFileError,
    MultipleVersionsError,
    NoVersionInFileError,
    VersionFileEncodingError,
)

PYTHON_VERSION_FILE = ".python-version"
RUNTIME_FILE = "runtime.txt"
_DIGITS = 9  # of one number, at most: no version has more, and Python refuses to convert thousands
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class WantedVersion:
    """A version as an app writes it: ``3.13`` (any patch release) or ``3.13.5`` exactly."""

    major: int
    minor: int
    patch: int | None = None

    @property
    def line(self) -> tuple[int, int]:
        """Give the release line, such as (3, 13)."""
        return self.major, self.minor

    def __str__(self) -> str:
        """Give the form of the file."""
        return f"{self.major}.{self.minor}" + ("" if self.patch is None else f".{self.patch}")


def parse_version_file(data: bytes, file: str = PYTHON_VERSION_FILE) -> WantedVersion:
    """Parse the contents of a version file; in ``runtime.txt`` a version has the prefix ``python-``.

    Raises:
        VersionFileEncodingError: it begins with a byte order mark, or is not UTF-8.
        InvalidVersionFileError: a line is not a version.
        NoVersionInFileError, MultipleVersionsError: not exactly one line is left without blank lines and comments.
    """
    lines = [line.strip() for line in _decode(data, file).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    versions = [_parse_line(line, file) for line in lines]
    if not versions:
        raise NoVersionInFileError(file=file)
    if len(versions) > 1:
        raise MultipleVersionsError(file=file, versions=tuple(lines))
    return versions[0]


def _decode(data: bytes, file: str) -> str:
    if data.startswith(_BYTE_ORDER_MARKS):
        raise VersionFileEncodingError(file=file)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise VersionFileEncodingError(file=file) from None


def parse_version(text: str) -> WantedVersion | None:
    """Parse ``3.13`` or ``3.13.5``, without anything before, between or behind; None when it is not that."""
    parts = text.split(".")
    if len(parts) not in {2, 3} or not all(map(_is_number, parts)):
        return None
    major, minor, *patch = (int(part) for part in parts)
    return WantedVersion(major, minor, patch[0] if patch else None)


def printable(text: str) -> str:
    """Replace what a terminal would not show, or would obey."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _parse_line(line: str, file: str) -> WantedVersion:
    prefix = "python-" if file == RUNTIME_FILE else ""
    version = parse_version(line.removeprefix(prefix)) if line.startswith(prefix) else None
    if version is None:
        raise InvalidVersionFileError(file=file, line=printable(line), prefix=prefix)
    return version


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS and str(int(text)) == text
