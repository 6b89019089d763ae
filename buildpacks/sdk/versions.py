"""Versions and requests for them, in the forms that Ruby, Go, Node and Python projects write.

A request is alternatives (``||``) of conditions (separated by spaces or commas): ``3.4.1`` exactly, ``3.4`` or
``3.4.x`` any of that line, ``~> 3.4.0`` and ``~3.4.1`` patches, ``^20.1`` up to the next major, and ``>=``, ``<`` and
their kin. A pre-release is chosen only when it is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from buildpacks.sdk.errors import VersionSyntaxError

_WILDCARDS = {"x", "X", "*"}
_OPERATORS = ("~>", ">=", "<=", "==", "^", "~", ">", "<", "=")


@dataclass(frozen=True, slots=True)
class Version:
    """A version: its numbers, and the pre-release that follows them (``rc1``; empty for a release)."""

    numbers: tuple[int, ...]
    pre: str = ""

    @property
    def sort_key(self) -> tuple[tuple[int, ...], bool, list[tuple[int, str]]]:
        """Give what orders versions: by numbers, a pre-release before its release, rc2 before rc10."""
        padded = self.numbers + (0,) * (4 - len(self.numbers))
        return padded, not self.pre, _natural(self.pre)

    def __lt__(self, other: Version) -> bool:
        """Order by precedence; ``3.4`` equals ``3.4.0`` here."""
        return self.sort_key < other.sort_key

    def __str__(self) -> str:
        """Give the usual form."""
        return ".".join(map(str, self.numbers)) + (f"-{self.pre}" if self.pre else "")


@dataclass(frozen=True, slots=True)
class _Range:
    low: tuple[int, ...]
    high: tuple[int, ...] | None  # exclusive; None: no end
    exact: Version | None = None

    def contains(self, version: Version) -> bool:
        if self.exact is not None:
            return version.sort_key == self.exact.sort_key
        numbers = version.sort_key[0]
        return not version.pre and _pad(self.low) <= numbers and (self.high is None or numbers < _pad(self.high))


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """What a project asks for: any of ``alternatives``, each of them a conjunction of ranges."""

    text: str
    alternatives: tuple[tuple[_Range, ...], ...]

    def matches(self, version: Version) -> bool:
        """Tell whether the version satisfies the request."""
        return any(all(one.contains(version) for one in ranges) for ranges in self.alternatives)

    def newest(self, candidates: Iterable[Version]) -> Version | None:
        """Choose the newest candidate that satisfies the request."""
        return max(filter(self.matches, candidates), key=lambda version: version.sort_key, default=None)


def parse_version(text: str) -> Version:
    """Parse ``3``, ``3.4.1``, ``v20.1.0``, ``3.5.0-preview2``, ``3.4.0.rc1`` or ``1.21rc2``.

    Raises:
        VersionSyntaxError: the text is none of these.
    """
    rest = text.strip().removeprefix("v")
    end = next(
        (at for at, char in enumerate(rest) if not (char.isascii() and (char.isdigit() or char == "."))), len(rest)
    )
    numbers, pre = rest[:end].rstrip("."), rest[end:].removeprefix("-")
    if not numbers or not all(part.isdigit() for part in numbers.split(".")) or not _is_plain(pre):
        raise VersionSyntaxError(text=text)
    return Version(tuple(int(part) for part in numbers.split(".")), pre)


def parse_request(text: str) -> VersionRequest:
    """Parse a request; an empty one, ``*`` and ``latest`` accept any release.

    Raises:
        VersionSyntaxError: the text is not a request.
    """
    return VersionRequest(text.strip(), tuple(_conjunction(part, text) for part in text.split("||")))


def nearest_versions(wanted: Version, known: Iterable[Version], count: int = 3) -> tuple[Version, ...]:
    """Give the known releases closest to ``wanted``: same major and minor first, then the smallest distance."""

    def distance(version: Version) -> tuple[int, ...]:
        pairs = zip(_pad(wanted.numbers), _pad(version.numbers), strict=True)
        return tuple(abs(one - other) for one, other in pairs)

    releases = sorted((one for one in known if not one.pre), reverse=True, key=lambda version: version.sort_key)
    return tuple(sorted(releases, key=distance)[:count])


def _conjunction(text: str, whole: str) -> tuple[_Range, ...]:
    words = text.replace(",", " ").split()
    if len(words) == 3 and words[1] == "-":  # noqa: PLR2004 - npm's "1.2 - 1.4"
        return (_condition(">=", words[0], whole), _condition("<=", words[2], whole))
    ranges: list[_Range] = []
    operator = ""
    for word in words:
        found = next((one for one in _OPERATORS if word.startswith(one)), "")
        operator, version = (found or operator), word[len(found) :]
        if version:
            ranges.append(_condition(operator, version, whole))
            operator = ""
    if operator:
        raise VersionSyntaxError(text=whole)
    return tuple(ranges)


def _condition(operator: str, text: str, whole: str) -> _Range:
    if text in {*_WILDCARDS, "latest"}:
        return _Range((), None)
    parts = text.split(".")
    while parts and parts[-1] in _WILDCARDS:
        parts.pop()
    try:
        version = parse_version(".".join(parts))
    except VersionSyntaxError:
        raise VersionSyntaxError(text=whole) from None
    return _range(operator, version)


def _range(operator: str, version: Version) -> _Range:  # noqa: PLR0911 - one return per operator
    numbers = version.numbers
    match operator:
        case ">=":
            return _Range(numbers, None)
        case ">":
            return _Range(_after(numbers), None)
        case "<":
            return _Range((), numbers)
        case "<=":
            return _Range((), _after(numbers))
        case "^":
            significant = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
            return _Range(numbers, _after(numbers[: significant + 1]))
        case "~":
            return _Range(numbers, _after(numbers[:2]))
        case "~>":
            return _Range(numbers, _after(numbers[:-1] or numbers))
        case _ if version.pre or len(numbers) > 2:  # noqa: PLR2004 - three numbers name one version
            return _Range((), None, exact=version)
        case _:
            return _Range(numbers, _after(numbers))


def _after(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return (*numbers[:-1], numbers[-1] + 1)


def _pad(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return numbers + (0,) * (4 - len(numbers))


def _is_plain(text: str) -> bool:
    return text.isascii() and all(char.isalnum() or char in ".-" for char in text)


def _natural(text: str) -> list[tuple[int, str]]:
    words: list[tuple[int, str]] = []
    digits = ""
    for char in [*text, ""]:
        if char.isdigit():
            digits += char
            continue
        if digits:
            words.append((int(digits), ""))
            digits = ""
        if char:
            words.append((-1, char))
    return words
