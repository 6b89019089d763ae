"""What can be wrong with the Debian packages an app asks for, and every text about it.

ExplainedError
├── InvalidAptfileError           lines of the Aptfile are no packages, addresses or repositories
├── MirrorSettingError            OFFRAMP_APT_MIRROR names no place packages come from
├── KeyNotFoundError              the key a repository is signed by is not there
├── UnpinnedFileError             an address of a .deb has no digest; says the one it has now
├── UnknownPackagesError          no repository has packages of these names; suggests others
├── SeveralProvidersError         a name several packages can stand for
├── WideGlobError                 a pattern stands for hundreds of packages
├── RepositoryNotTrustedError     a repository has no signature, or not by the key it should have
├── RepositoryUnreachableError    a repository's lists could not be fetched
├── UnsolvableError               apt found no way to install them together
├── FetchPackagesError            a package could not be fetched, or is not what the signed list says
├── DamagedPackageError           a fetched package is not what the signed list says
├── UnpackPackageError            a package is no package, or would write outside of its layer
└── ForeignPackageFileError       a .deb is for another architecture
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation, Source

MIRROR_SETTING = "OFFRAMP_APT_MIRROR"
REFRESH_SETTING = "OFFRAMP_APT_REFRESH"
_OTHER_NAMES = "Heroku's stacks are Ubuntu, this one is Debian: look the name up on https://packages.debian.org."


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """Something in the Aptfile that cannot be used: its line from 1, the text, and what is wrong."""

    line: int
    text: str
    problem: str


@dataclass(eq=False, kw_only=True)
class InvalidAptfileError(ExplainedError):
    """The Aptfile has mistakes; all of them are told at once."""

    mistakes: tuple[Mistake, ...]

    def explain(self) -> Explanation:
        """List them by line."""
        lines = sorted({mistake.line for mistake in self.mistakes})
        where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
        return Explanation(
            what=f"Aptfile, {where}: this cannot be installed",
            why="\n".join(f"line {one.line}: '{one.text}': {one.problem}" for one in self.mistakes),
            fix=(
                (
                    "Write a package's name, 'name=version', the address of a .deb with '#sha256=' and its digest,"
                    " or ':repo:deb https://host/path suite component'."
                ),
                "Begin comments with '#'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class MirrorSettingError(ExplainedError):
    """The mirror setting holds something else."""

    text: str
    problem: str

    def explain(self) -> Explanation:
        """Quote the part that is wrong."""
        return Explanation(
            what=f"{MIRROR_SETTING} names no place that packages can come from",
            why=f"'{self.text}': {self.problem}",
            fix=(
                (
                    "Set it to an address such as 'https://mirror.example.com/debian', or to whole lines such as"
                    " 'deb https://mirror.example.com/debian trixie main'; separate several by commas."
                ),
            ),
        )


@dataclass(eq=False, kw_only=True)
class KeyNotFoundError(ExplainedError):
    """A repository names a key that is not there."""

    key: str
    uri: str
    origin: str

    def explain(self) -> Explanation:
        """Name the key's place."""
        return Explanation(
            what=f"The key '{self.key}' of the repository '{self.uri}' is not there",
            why=f"{self.origin} names it; a path is looked up in the app's directory, '/…' in the build image",
            fix=("Commit the repository's public key to the app's source, and name it by its path there.",),
        )


@dataclass(eq=False, kw_only=True)
class UnpinnedFileError(ExplainedError):
    """A package file has no digest. ``sha256`` is that of the file which was there a moment ago."""

    url: str
    origin: str
    sha256: str

    def explain(self) -> Explanation:
        """Give the line with its digest."""
        return Explanation(
            what=f"'{self.url}' has no digest",
            why=f"{self.origin} names it. Nothing is unpacked before it was checked, and this file has no signature.",
            fix=(
                (
                    f"Write it with the digest it has now, after comparing that with its publisher's:\n"
                    f"{self.url}#sha256={self.sha256}"
                ),
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A package nobody has, where it is asked for, and names that are close."""

    name: str
    origin: str
    similar: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class UnknownPackagesError(ExplainedError):
    """No repository has these packages."""

    packages: tuple[Unknown, ...]

    def explain(self) -> Explanation:
        """Name each with what is close to it."""
        names = ", ".join(f"'{one.name}'" for one in self.packages)
        close = (
            f"Instead of '{one.name}' ({one.origin}), did you mean {_either(one.similar)}?"
            for one in self.packages
            if one.similar
        )
        return Explanation(
            what=f"No repository has {'a package' if len(self.packages) == 1 else 'packages'} named {names}",
            why="\n".join(f"'{one.name}' ({one.origin})" for one in self.packages),
            fix=(
                *close,
                _OTHER_NAMES,
                "If it comes from a repository of its own, add that with ':repo:deb …' and its key.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class SeveralProvidersError(ExplainedError):
    """A name is no package, but several packages say that they provide it."""

    name: str
    origin: str
    providers: tuple[str, ...]

    def explain(self) -> Explanation:
        """List the providers."""
        return Explanation(
            what=f"'{self.name}' can be any of {len(self.providers)} packages",
            why=f"{self.origin} asks for it. It is no package itself; these provide it:\n" + "\n".join(self.providers),
            fix=(f"Write one of them in place of '{self.name}'.",),
        )


@dataclass(eq=False, kw_only=True)
class WideGlobError(ExplainedError):
    """A pattern matches more than anybody can mean."""

    pattern: str
    origin: str
    count: int

    def explain(self) -> Explanation:
        """Give the number."""
        return Explanation(
            what=f"'{self.pattern}' stands for {self.count} packages",
            why=f"{self.origin} asks for them; as many would not be what the app needs",
            fix=("Write more of the names, or the packages one by one.",),
        )


@dataclass(eq=False, kw_only=True)
class RepositoryNotTrustedError(ExplainedError):
    """apt refused a repository's signature."""

    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give apt's words."""
        return Explanation(
            what="A repository of Debian packages is not signed by a key that is trusted",
            why="\n".join(self.last_lines),
            fix=(
                (
                    "If the app adds the repository, commit its public key and name it:"
                    " ':repo:deb [signed-by=keys/name.asc] https://…'. Signatures cannot be switched off."
                ),
                "If it is a mirror, it has to pass the original InRelease files on unchanged.",
                "If a signature or list has expired, the mirror or this machine's clock is out of date.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class RepositoryUnreachableError(ExplainedError):
    """The lists of a repository could not be fetched."""

    last_lines: tuple[str, ...]
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give apt's words."""
        return Explanation(
            what="Couldn't fetch the lists of a repository of Debian packages",
            why="\n".join(self.last_lines),
            fix=(
                "Check the addresses named above.",
                f"If this network has a mirror of Debian, set {MIRROR_SETTING}; if it needs a proxy, HTTP_PROXY.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnsolvableError(ExplainedError):
    """apt found no set of packages that satisfies everything."""

    packages: tuple[str, ...]
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give apt's words."""
        return Explanation(
            what=f"These packages cannot be installed together: {', '.join(self.packages)}",
            why="\n".join(self.last_lines),
            fix=(
                "Leave out or replace the package that apt names above.",
                "A package may not replace or remove one of the run image; a version may have to be left open.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class FetchPackagesError(ExplainedError):
    """apt could not fetch a package whole."""

    last_lines: tuple[str, ...]
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give apt's words, and say that nothing was unpacked."""
        return Explanation(
            what="Couldn't fetch the Debian packages",
            why="\n".join((*self.last_lines, "Nothing was unpacked.")),
            fix=(
                "Try again; if it happens again, the mirror does not hold what its signed lists name: ask who runs it.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class DamagedPackageError(ExplainedError):
    """A package is not the one the signed list means."""

    file: str
    expected: str
    actual: str
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give both digests, and say that nothing was unpacked."""
        return Explanation(
            what=f"'{self.file}' is not the package that was expected",
            why=f"its sha256 is {self.actual}, the signed list says {self.expected}; nothing was unpacked",
            fix=("Try again with '--no-cache'; if it happens again, ask who runs the mirror.",),
        )


@dataclass(eq=False, kw_only=True)
class UnpackPackageError(ExplainedError):
    """dpkg-deb or tar refused a package."""

    file: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give their words."""
        return Explanation(
            what=f"Couldn't unpack '{self.file}'",
            why="\n".join(self.last_lines),
            fix=("The file is what its publisher signed or the app names: report this to them, and leave it out.",),
        )


@dataclass(eq=False, kw_only=True)
class ForeignPackageFileError(ExplainedError):
    """A package file was made for another architecture."""

    url: str
    origin: str
    architecture: str
    wanted: str

    def explain(self) -> Explanation:
        """Name both architectures."""
        return Explanation(
            what=f"'{self.url}' is for {self.architecture}, and this image is for {self.wanted}",
            why=f"{self.origin} names it",
            fix=(f"Give the address of the file for {self.wanted} with its digest.",),
        )


def _either(names: tuple[str, ...]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
