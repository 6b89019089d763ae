"""The build image's own apt, run without root on directories of its own.

apt does what it is best at: it verifies the signatures of the lists, solves dependencies and fetches. What it would
unpack is asked first (``--print-uris``), so that every file can be compared with the signed list once more before it
is opened. Nothing of dpkg's database is written, and no maintainer script runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from buildpacks.apt.errors import (
    FetchPackagesError,
    RepositoryNotTrustedError,
    RepositoryUnreachableError,
    UnsolvableError,
)
from buildpacks.apt.sources import Sources, write_sources
from buildpacks.sdk import BuildContext, CommandFailedError

# Recommended packages are left out, as in the images Heroku runs on. What the run image has stays as it is there.
_INSTALL = ("install", "--yes", "--no-install-recommends", "--no-upgrade", "--no-remove")
_PLANNED = re.compile(r"'(?P<uri>[^']+)' (?P<file>[^ /]+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})")
_PROVIDERS = "Reverse Provides:"
_TRUST = ("not signed", "signature", "NO_PUBKEY", "issing key", "expired", "not valid yet", "No good signature")
_KEPT_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A package file apt would install: where it is, and the digest its signed list gives."""

    uri: str
    file: str
    sha256: str

    def path(self, archives: Path) -> Path:
        """Give where it is once it was fetched; apt does not copy what a ``file:`` repository has."""
        fetched = archives / self.file
        if self.uri.startswith("file:") and not fetched.is_file():
            return Path("/" + unquote(self.uri.removeprefix("file:")).lstrip("/"))
        return fetched


@dataclass(frozen=True, kw_only=True, slots=True)
class AptPlaces:
    """Where apt keeps things: ``kept`` survives the build, ``scratch`` does not; ``status`` is what counts as there."""

    kept: Path
    scratch: Path
    status: Path

    @property
    def archives(self) -> Path:
        """Give where fetched packages are kept."""
        return self.kept / "archives"

    @property
    def empty(self) -> Path:
        """Give a directory in which no package is, so that a plan leaves none out."""
        return self.scratch / "nothing"


class Apt:
    """apt over one set of places and sources."""

    def __init__(self, context: BuildContext, places: AptPlaces, environment: Mapping[str, str]) -> None:
        """Use apt as ``open_apt`` has set it up."""
        self._context = context
        self._environment = environment
        self.places = places

    def update(self) -> None:
        """Fetch the lists of all repositories and verify their signatures.

        Raises:
            RepositoryNotTrustedError: a signature is missing, wrong or too old.
            RepositoryUnreachableError: something could not be fetched.
        """
        try:
            self._run("apt-get", "update", "--quiet", "--error-on=any", show=True)
        except CommandFailedError as error:
            complaints = tuple(line for line in error.last_lines if line.startswith(("E:", "W:", "Err:")))
            lines = complaints or error.last_lines
            if any(word in line for line in lines for word in _TRUST):
                raise RepositoryNotTrustedError(last_lines=lines) from error
            raise RepositoryUnreachableError(last_lines=lines) from error

    def names(self) -> frozenset[str]:
        """Give the names of all packages there are."""
        return frozenset(self._run("apt-cache", "pkgnames"))

    def providers(self, name: str) -> tuple[str, ...]:
        """Give the packages that provide a name that is no package's."""
        try:
            lines = self._run("apt-cache", "showpkg", "--", name)
        except CommandFailedError:  # nobody ever mentioned the name
            return ()
        return parse_providers(lines)

    def plan(self, words: tuple[str, ...], *, alone: bool = False) -> tuple[Planned, ...]:
        """Give the files to install for these packages, with their dependencies unless ``alone``.

        Raises:
            UnsolvableError: there is no way to have them all.
        """
        archives = ("-o", f"Dir::Cache::archives={self.places.empty}")
        act = ("download",) if alone else _INSTALL
        try:
            lines = self._run("apt-get", *archives, *act, "--print-uris", "--quiet=2", "--", *words)
        except CommandFailedError as error:
            raise UnsolvableError(packages=words, last_lines=error.last_lines) from error
        return parse_plan(lines)

    def fetch(self, words: tuple[str, ...], *, alone: bool = False) -> None:
        """Fetch what was planned.

        Raises:
            FetchPackagesError: a package could not be fetched, or is not what the signed list says.
        """
        act = ("download",) if alone else (*_INSTALL, "--download-only")
        try:
            self._run("apt-get", *act, "--quiet", "--", *words, show=True)
        except CommandFailedError as error:
            complaints = tuple(line for line in error.last_lines if line.startswith(("E:", "W:", "  ")))
            raise FetchPackagesError(last_lines=complaints or error.last_lines) from error

    def _run(self, *arguments: str, show: bool = False) -> tuple[str, ...]:
        return self._context.run(*arguments, env=self._environment, cwd=self.places.archives, show=show)


@contextmanager
def open_apt(context: BuildContext, sources: Sources, kept: Path, status: Path) -> Iterator[Apt]:
    """Set apt up for one build.

    Args:
        context: the build.
        sources: where packages come from.
        kept: a directory for lists and packages that a later build can use again.
        status: dpkg's status of the image the packages are for.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="offramp-apt-") as temporary:
        places = AptPlaces(kept=kept, scratch=Path(temporary), status=status)
        for directory in (places.archives, kept / "lists", places.empty):
            (directory / "partial").mkdir(parents=True, exist_ok=True)
        write_sources(sources, places.scratch / "etc")
        config = places.scratch / "apt.conf"
        config.write_text(configuration(places, context.target.arch, context.env.get("SSL_CERT_FILE", "")))
        yield Apt(context, places, _environment(context.env, config))


def configuration(places: AptPlaces, architecture: str, ca_bundle: str) -> str:
    """Write apt's configuration. It is read last, so that nothing in the build image weakens a check."""
    settings = {
        "APT::Architecture": architecture,
        "Dir::State": str(places.kept),
        "Dir::State::lists": f"{places.kept}/lists",
        "Dir::State::status": str(places.status),
        "Dir::Cache": str(places.scratch),
        "Dir::Cache::archives": str(places.archives),
        "Dir::Cache::srcpkgcache": "",
        "Dir::Etc::sourcelist": f"{places.scratch}/etc/sources.list",
        "Dir::Etc::sourceparts": f"{places.scratch}/etc/sources.list.d",
        "Dir::Log": f"{places.scratch}/log",
        "Debug::NoLocking": "true",  # nobody else works in these directories, and the status file's is read-only
        "Acquire::AllowInsecureRepositories": "false",
        "Acquire::AllowWeakRepositories": "false",
        "Acquire::AllowDowngradeToInsecureRepositories": "false",
        "APT::Get::AllowUnauthenticated": "false",
        "Acquire::ForceHash": "sha256",
        "Acquire::GzipIndexes": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    if ca_bundle:
        settings["Acquire::https::CAInfo"] = ca_bundle
    lists = f'#clear APT::Architectures;\nAPT::Architectures {{ "{architecture}"; }};\n'
    return lists + "".join(f'{name} "{value}";\n' for name, value in settings.items())


def parse_plan(lines: tuple[str, ...]) -> tuple[Planned, ...]:
    """Read what ``--print-uris`` prints, in apt's order."""
    found = (_PLANNED.fullmatch(line.strip()) for line in lines)
    return tuple(Planned(uri=one["uri"], file=one["file"], sha256=one["sha256"]) for one in found if one)


def parse_providers(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Read the packages that ``apt-cache showpkg`` lists last, sorted."""
    listed = [line.strip() for line in lines]
    after = listed[listed.index(_PROVIDERS) + 1 :] if _PROVIDERS in listed else []
    return tuple(sorted({line.split()[0] for line in after if line}))


def _environment(environment: Mapping[str, str], config: Path) -> dict[str, str]:
    """Give apt's environment: of the user's variables only the proxies, since apt reads more than one would think."""
    return {
        **{name: environment[name] for name in _KEPT_VARIABLES if name in environment},
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(config.parent),
        "LC_ALL": "C.UTF-8",
        "APT_CONFIG": str(config),
    }
