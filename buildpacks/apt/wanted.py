"""What an app asks for: packages, single package files, and repositories; each remembers where it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

_Value = TypeVar("_Value")

# Debian policy 5.6.1 and 5.6.12. Nothing here can be taken for an option or a path by apt.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_GLOB = re.compile(r"[a-z0-9][a-z0-9+.*?-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~*-]*")
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_URL = re.compile(r"(https?|file)://[^\s\x00-\x20\x7f\"'<>\\]+")
_PIN = "#sha256="


class NotUnderstoodError(ValueError):
    """A word is not what it stands for; the message says why. Never leaves this buildpack."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRequest:
    """A package to install; ``name`` may hold ``*`` and ``?``. ``origin`` is the file and place that ask for it.

    ``skip_dependencies`` takes the package alone; ``force`` takes it although the run image has it.
    """

    name: str
    version: str = ""
    release: str = ""
    skip_dependencies: bool = False
    force: bool = False
    origin: str = field(default="", compare=False)

    @property
    def is_glob(self) -> bool:
        """Tell whether the name stands for several packages."""
        return "*" in self.name or "?" in self.name

    @property
    def suffix(self) -> str:
        """Give what follows the name in apt's own notation."""
        return f"={self.version}" if self.version else f"/{self.release}" if self.release else ""

    def __str__(self) -> str:
        """Write it as one word, with the options that change what is installed."""
        options = [
            word for word, chosen in (("skip dependencies", self.skip_dependencies), ("force", self.force)) if chosen
        ]
        return f"{self.name}{self.suffix}" + (f" ({', '.join(options)})" if options else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFile:
    """A single ``.deb`` to fetch; ``sha256`` is empty when the app does not say it."""

    url: str
    sha256: str
    origin: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Write its name and digest, which say what it is; an address may hold a password."""
        name = self.url.partition("?")[0].rpartition("/")[2]
        return f"{name}{_PIN}{self.sha256}" if self.sha256 else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A signed repository. ``signed_by`` is the key itself, a file of the app, or one of the build image (absolute)."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    signed_by: str = ""
    check_valid_until: bool = True
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Everything an app asks for, in the order it is written."""

    packages: tuple[PackageRequest, ...] = ()
    files: tuple[PackageFile, ...] = ()
    repositories: tuple[Repository, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is something to install."""
        return bool(self.packages or self.files)

    def __add__(self, other: Wanted) -> Wanted:
        """Put two lists together; what both name is there once."""
        return Wanted(
            packages=_once((*self.packages, *other.packages)),
            files=_once((*self.files, *other.files)),
            repositories=_once((*self.repositories, *other.repositories)),
        )


def parse_package(word: str, origin: str, *, skip_dependencies: bool = False, force: bool = False) -> PackageRequest:
    """Read ``name``, ``name=version`` or ``name/release``.

    Raises:
        NotUnderstoodError: it is an option, a path, of another architecture, or no package's name at all.
    """
    name, version, release = _split(word)
    if word.startswith("-"):
        raise NotUnderstoodError("an option of apt is no package; options cannot be given here")
    if ":" in name:
        raise NotUnderstoodError("packages of another architecture cannot be installed; leave out ':' and what follows")
    if not (_NAME.fullmatch(name) or (("*" in name or "?" in name) and _GLOB.fullmatch(name))):
        raise NotUnderstoodError(
            "a package's name is made of lower-case letters, digits, '+', '-' and '.'; '*' and '?' stand for any"
        )
    if version is not None and not _VERSION.fullmatch(version):
        raise NotUnderstoodError("after '=' a version has to follow, such as '1.7.1-6'")
    if release is not None and not _RELEASE.fullmatch(release):
        raise NotUnderstoodError("after '/' a release has to follow, such as 'trixie'")
    return PackageRequest(
        name=name,
        version=version or "",
        release=release or "",
        skip_dependencies=skip_dependencies,
        force=force,
        origin=origin,
    )


def parse_file(word: str, origin: str, sha256: str = "") -> PackageFile:
    """Read ``https://….deb#sha256=…``; the digest may be missing, which is told when everything was read.

    Raises:
        NotUnderstoodError: it is no address of a package file, or its digest is none.
    """
    url, _, pinned = word.partition(_PIN)
    digest = pinned or sha256
    if not _URL.fullmatch(url):
        raise NotUnderstoodError("a package file is given by its address, which begins with https://")
    if "#" in url or (digest and not _SHA256.fullmatch(digest)):
        raise NotUnderstoodError("after the address, '#sha256=' and 64 hexadecimal digits have to follow")
    return PackageFile(url=url, sha256=digest.lower(), origin=origin)


def is_url(word: str) -> bool:
    """Tell an address from a package's name."""
    return "://" in word or word.partition("#")[0].endswith(".deb")


def _split(word: str) -> tuple[str, str | None, str | None]:
    name, equals, version = word.partition("=")
    if equals:
        return name, version, None
    name, slash, release = word.partition("/")
    return name, None, release if slash else None


def _once(values: Iterable[_Value]) -> tuple[_Value, ...]:
    return tuple(dict.fromkeys(values))
