"""The Aptfile: packages, addresses of package files, ``:repo:`` lines and comments, as on Heroku.

Facts: reference/heroku.md §7. Every mistake of a file is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from buildpacks.apt.errors import InvalidAptfileError, Mistake
from buildpacks.apt.repositories import parse_line
from buildpacks.apt.wanted import (
    NotUnderstoodError,
    PackageFile,
    PackageRequest,
    Repository,
    Wanted,
    is_url,
    parse_file,
    parse_package,
)

APTFILE = "Aptfile"
_REPOSITORY = ":repo:"

Item = PackageRequest | PackageFile | Repository


def parse_aptfile(text: str) -> Wanted:
    """Read an Aptfile.

    Raises:
        InvalidAptfileError: it has mistakes.
    """
    items: list[Item] = []
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        origin = f"{APTFILE}, line {number}"
        for word in _words(line):
            try:
                items.append(_item(word, origin))
            except NotUnderstoodError as error:
                mistakes.append(Mistake(line=number, text=word, problem=str(error)))
    if mistakes:
        raise InvalidAptfileError(mistakes=tuple(mistakes))
    return Wanted() + Wanted(
        packages=tuple(item for item in items if isinstance(item, PackageRequest)),
        files=tuple(item for item in items if isinstance(item, PackageFile)),
        repositories=tuple(item for item in items if isinstance(item, Repository)),
    )


def _words(line: str) -> Iterator[str]:
    """Give what stands in a line: a repository takes it whole; otherwise words, up to one that begins with ``#``."""
    line = line.strip()
    if line.startswith(_REPOSITORY):
        yield line
        return
    for word in line.split():
        if word.startswith("#"):
            return
        yield word


def _item(word: str, origin: str) -> Item:
    if word.startswith(_REPOSITORY):
        return parse_line(word.removeprefix(_REPOSITORY), origin)
    return parse_file(word, origin) if is_url(word) else parse_package(word, origin)
