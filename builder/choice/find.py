"""From the names of buildpacks to their directories, and to the builder that has exactly these."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.choice.fetch import fetch_archive, fetch_repository, unpack_local
from builder.choice.reference import Archive, Local, Named, Repository, heroku_names, parse_reference
from builder.choice.rules import Choice
from builder.choice.wanted import Wanted
from builder.choice.wrap_classic import classic_name, is_classic, wrap_classic
from builder.errors import (
    BuildpackNotFoundError,
    BuildpackOutsideError,
    BuildpackTwiceError,
    BuildpackVersionError,
    NotABuildpackError,
)
from builder.images.builder_toml import Builder, with_buildpacks
from lifecycle_py.output import Reporter
from lifecycle_py.spec.buildpack_toml import read_buildpack

PROCFILE = "offramp/procfile"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finder:
    """Finds buildpacks: those of a builder, local ones, and fetched ones, which are kept in ``cache``."""

    known: Mapping[str, Path]
    cache: Path
    reporter: Reporter

    def find(self, wanted: Wanted) -> Path:
        """Give the directory of a buildpack.

        Raises:
            BuildpackNotFoundError: nothing has this name.
            BuildpackOutsideError: a file of the app names something outside of the app.
            NotABuildpackError: what was found is none.
        """
        local = wanted.base / wanted.reference
        match parse_reference(wanted.reference):
            case Named() as named if named.instead_of or not _looks_like_buildpack(local):
                return self._named(named, wanted)
            case Named() | Local():
                return self._local(local, wanted)
            case Archive() as archive:
                self._check_address(archive.url, wanted)
                with self.reporter.timed_step(f"Fetching {archive.url}", f"Fetched {archive.url}"):
                    return self._checked(fetch_archive(archive, wanted, self.cache), wanted)
            case Repository() as repository:
                self._check_address(repository.url, wanted)
                with self.reporter.timed_step(f"Fetching {repository.url}", f"Fetched {repository.url}"):
                    directory, commit = fetch_repository(repository, wanted, self.cache)
                if commit != repository.ref:
                    self.reporter.warning(
                        f"{wanted.place} names no commit: {repository.url}#{commit} is used this time"
                    )
                return self._checked(directory, wanted)

    def _named(self, named: Named, wanted: Wanted) -> Path:
        directory = self.known.get(named.id)
        if directory is None:
            raise self._not_found(wanted, stands_for=named.instead_of)
        version = read_buildpack(directory).version
        if named.version and named.version != version:
            raise BuildpackVersionError(name=named.id, version=named.version, known=version, place=wanted.place)
        return directory

    def _local(self, path: Path, wanted: Wanted) -> Path:
        real, base = Path(os.path.realpath(path)), Path(os.path.realpath(wanted.base))
        if not wanted.trusted and not real.is_relative_to(base):
            raise BuildpackOutsideError(name=wanted.reference, place=wanted.place)
        if real.is_file():
            return self._checked(unpack_local(real, self.cache), wanted)
        if not real.is_dir():
            raise self._not_found(wanted)
        return self._checked(real, wanted)

    def _not_found(self, wanted: Wanted, stands_for: str = "") -> BuildpackNotFoundError:
        return BuildpackNotFoundError(
            name=wanted.reference,
            known=tuple(self.known),
            also_known=heroku_names(self.known),
            place=wanted.place,
            stands_for=stands_for,
        )

    def _checked(self, directory: Path, wanted: Wanted) -> Path:
        """Give the directory of a cloud native buildpack; a classic one is wrapped to be one."""
        if is_classic(directory):
            return wrap_classic(directory, classic_name(wanted.reference), self.cache)
        if not (directory / "buildpack.toml").is_file():
            raise NotABuildpackError(name=wanted.reference, place=wanted.place)
        return directory

    def _check_address(self, url: str, wanted: Wanted) -> None:
        if not wanted.trusted and not url.startswith("https://"):
            raise BuildpackOutsideError(name=wanted.reference, place=wanted.place)


def apply_choice(choice: Choice, builder: Builder, cache: Path, reporter: Reporter) -> Builder:
    """Give the builder whose only group is what was chosen; without a list it stays as it is.

    Raises:
        BuildpackTwiceError: two entries are buildpacks of one id, which would share their layers.
    """
    if not choice.wanted:
        return builder
    known = {str(read_buildpack(directory).id): directory for directory in builder.buildpacks}
    finder = Finder(known=known, cache=cache, reporter=reporter)
    chosen = tuple(finder.find(wanted) for wanted in choice.wanted)
    _check_ids(choice.wanted, chosen)
    procfile = known.get(PROCFILE)
    beside = (procfile,) if choice.with_procfile and procfile and procfile not in chosen else ()
    return with_buildpacks(builder, chosen, optional=beside)


def _check_ids(wanted: Sequence[Wanted], chosen: Sequence[Path]) -> None:
    first: dict[str, Wanted] = {}
    for one, directory in zip(wanted, chosen, strict=True):
        identifier = str(read_buildpack(directory).id)
        if identifier in first:
            before = first[identifier]
            raise BuildpackTwiceError(
                id=identifier, first=before.reference, second=one.reference, places=(before.place, one.place)
            )
        first[identifier] = one


def _looks_like_buildpack(path: Path) -> bool:
    return (path / "buildpack.toml").is_file() or (path / "bin" / "compile").is_file()
