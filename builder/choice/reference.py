"""The forms in which a buildpack is named, told apart. Pure.

``offramp/python``, Heroku's names and addresses for what this project replaces, a directory or archive of this machine,
``https://HOST/NAME.tgz#sha256=DIGEST``, and ``https://HOST/NAME.git#REF``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

# What stands in for Heroku's own buildpacks, by their names on Heroku.
_OURS = {
    "heroku/deb-packages": "offramp/apt",
    "heroku/go": "offramp/go",
    "heroku/nodejs": "offramp/nodejs",
    "heroku/procfile": "offramp/procfile",
    "heroku/python": "offramp/python",
    "heroku/ruby": "offramp/ruby",
    "heroku-community/apt": "offramp/apt",
}
_REPOSITORIES = re.compile(r"https://github\.com/heroku/(?:heroku-)?buildpacks?-(\w+?)(?:\.git)?/?")
_REPOSITORY_NAMES = {"apt": "offramp/apt", "deb-packages": "offramp/apt"} | {
    name: f"offramp/{name}" for name in ("go", "nodejs", "procfile", "python", "ruby")
}
_URN = re.compile(r"urn:(?:buildpack|cnb:builder|cnb:registry):")
_IDENTIFIER = re.compile(r"[A-Za-z0-9.-]+(?:/[A-Za-z0-9.-]+)*(?:@[A-Za-z0-9.+-]+)?")
_ARCHIVES = (".tgz", ".tar.gz", ".tar", ".tar.xz", ".tar.bz2", ".zip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A buildpack of the builder, by its id; ``instead_of`` is Heroku's, for which it stands in."""

    id: str
    version: str = ""
    instead_of: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """A directory or an archive, by its path."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An archive at an address; ``sha256`` is empty where none was given."""

    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A git repository; ``ref`` is a commit, branch or tag, or empty."""

    url: str
    ref: str


Reference: TypeAlias = Named | Local | Archive | Repository


def heroku_names(known: Collection[str]) -> tuple[str, ...]:
    """Give Heroku's names for what there is here."""
    return tuple(name for name, ours in _OURS.items() if ours in known)


def parse_reference(text: str) -> Reference:
    """Tell which form a name has; what is no address and no id is a path."""
    address, _, fragment = text.partition("#")
    if (known := _stand_in(address)) is not None:
        return Named(id=known, instead_of=address)
    if "://" in address:
        if address.endswith(_ARCHIVES):
            return Archive(url=address, sha256=fragment.removeprefix("sha256=").lower())
        return Repository(url=address, ref=fragment)
    plain = _URN.sub("", text)
    if text.startswith((".", "/")) or text.endswith(_ARCHIVES) or not _IDENTIFIER.fullmatch(plain):
        return Local(path=text)
    identifier, _, version = plain.partition("@")
    return Named(id=identifier, version=version)


def _stand_in(address: str) -> str | None:
    plain = _URN.sub("", address).partition("@")[0]
    if plain in _OURS:
        return _OURS[plain]
    found = _REPOSITORIES.fullmatch(address)
    return _REPOSITORY_NAMES.get(found[1]) if found else None
