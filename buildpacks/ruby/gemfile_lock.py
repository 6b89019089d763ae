"""Gemfile.lock, as far as a build has to know it before there is a Ruby to ask. Pure.

The Ruby version is read as Heroku reads it: only the block ``RUBY VERSION``, two or three spaces deep; what stands
elsewhere (Gemfile, .ruby-version, .tool-versions) decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from buildpacks.sdk import Version, VersionSyntaxError, parse_version

GEMFILE, GEMFILE_LOCK = "Gemfile", "Gemfile.lock"

_RUBY = re.compile(
    r" {2,3}ruby (?P<version>\d+\.\d+\.\d+)"
    r"(?:[.-]?(?P<pre>(?:preview|rc|dev|alpha|beta|pre)\.?\d*))?(?:p\d+)?"
    r"(?: \((?P<engine>\w+) (?P<engine_version>[^)]+)\))?"
)
_BUNDLER = re.compile(r" {2,3}(?P<version>\d+\.\d+\.\d+(?:\.\w+)*)")
_SPEC = re.compile(r" {4}(?P<name>[^\s(!]+) \((?P<version>[^)-]+)(?:-(?P<platform>[^)]+))?\)")
_SOURCE_KEY = re.compile(r" {2}(?P<key>\w+): (?P<value>.*)")
_SOURCES = ("GEM", "GIT", "PATH", "PLUGIN SOURCE")


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedRuby:
    """The Ruby of a lock file; ``engine`` is empty for the usual one (MRI)."""

    version: str
    engine: str = ""
    engine_version: str = ""

    def __str__(self) -> str:
        """Give it as people write it."""
        return f"{self.engine} {self.engine_version} (Ruby {self.version})" if self.engine else self.version


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedSource:
    """A place gems come from: ``kind`` is GEM, GIT or PATH; ``remotes`` are its addresses or directories."""

    kind: str
    remotes: tuple[str, ...] = ()
    revision: str = ""
    gems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GemfileLock:
    """What a lock file says. ``gems`` maps names to versions, of every group, installed or not."""

    ruby: LockedRuby | None = None
    bundler: str = ""
    gems: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    sources: tuple[LockedSource, ...] = ()

    def has(self, *names: str) -> bool:
        """Tell whether one of the gems is locked."""
        return any(name in self.gems for name in names)

    def version(self, name: str) -> Version | None:
        """Give the locked version of a gem; None when it is not there, or its version is none we can compare."""
        try:
            return parse_version(self.gems[name]) if name in self.gems else None
        except VersionSyntaxError:
            return None

    def is_at_least(self, name: str, *numbers: int) -> bool:
        """Tell whether a gem is locked at a version, or a later one: ``is_at_least("railties", 4, 2)``."""
        version = self.version(name)
        return version is not None and version.numbers >= numbers


def parse_gemfile_lock(text: str) -> GemfileLock:
    """Read a lock file; a block of another form than Bundler writes is as good as absent, as on Heroku."""
    blocks = tuple(_blocks(text.replace("\r\n", "\n").split("\n")))
    sources = tuple(_source(title, lines) for title, lines in blocks if title in _SOURCES)
    named = dict(blocks)
    return GemfileLock(
        ruby=_ruby(named.get("RUBY VERSION", ())),
        bundler=_bundler(named.get("BUNDLED WITH", ())),
        gems={
            found["name"]: found["version"]
            for title, lines in blocks
            if title in _SOURCES
            for line in lines
            if (found := _SPEC.fullmatch(line))
        },
        platforms=tuple(line.strip() for line in named.get("PLATFORMS", ())),
        sources=sources,
    )


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each block: its title, which is not indented, and the lines below it."""
    title = ""
    body: list[str] = []
    for line in [*lines, ""]:
        if line and not line.startswith(" "):
            if title:
                yield title, tuple(body)
            title, body = line.rstrip(), []
        elif line.strip():
            body.append(line.rstrip())
    if title:
        yield title, tuple(body)


def _ruby(lines: Sequence[str]) -> LockedRuby | None:
    found = _RUBY.fullmatch(lines[0]) if lines else None
    if found is None:
        return None
    pre = f".{found['pre']}" if found["pre"] else ""
    return LockedRuby(
        version=found["version"] + pre, engine=found["engine"] or "", engine_version=found["engine_version"] or ""
    )


def _bundler(lines: Sequence[str]) -> str:
    found = _BUNDLER.fullmatch(lines[0]) if lines else None
    return found["version"] if found else ""


def _source(kind: str, lines: Sequence[str]) -> LockedSource:
    keys = [found for line in lines if (found := _SOURCE_KEY.fullmatch(line))]
    return LockedSource(
        kind=kind,
        remotes=tuple(found["value"] for found in keys if found["key"] == "remote"),
        revision=next((found["value"] for found in keys if found["key"] == "revision"), ""),
        gems=tuple(found["name"] for line in lines if (found := _SPEC.fullmatch(line))),
    )
