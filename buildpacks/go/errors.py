"""What can be wrong with a Go app, and every text about it.

ExplainedError
├── LegacyManagerError              a dependency manager from before modules
├── GoModError                      go.mod cannot be used:
│   ├── GoModSyntaxError            a line cannot be understood
│   ├── DuplicateModLineError       a line that may be there once is there twice
│   └── NoModuleLineError           it does not name the module
├── GoVersionError                  the Go that is asked for cannot be used:
│   ├── InvalidGoVersionError       it is no version
│   ├── DevelopmentGoError          it is a state of Go's source
│   ├── OldGoError                  it is from before modules
│   ├── UnknownGoVersionError       no such release is known
│   └── NewerGoNeededError          go.mod itself needs a newer one
├── GoDoesNotExistError             the place Go comes from does not have it
├── NoModuleProxyError              GOPROXY leaves no place for Go to come from
├── UnverifiableGoError             nothing says what the download has to be
├── ToolchainMismatchError          the toolchain's module is not what it has to be; nothing was unpacked
├── GoArchiveSumError               the archive is not what it has to be; nothing was unpacked
├── UnreadableToolchainError        the toolchain's module is no whole zip
├── ChecksumDatabaseError           Go's checksum database did not prove what it said
├── GitCredentialError              a credential's variable is malformed
├── BinIsFileError                  a file is where the programs have to go
├── LinkerValueError                the linker's value cannot be passed on
├── ListPackagesError               Go does not understand the app, or which packages to install
├── DuplicateProgramError           two programs have the same name
├── NoProgramsError                 the app is a library
└── GoBuildError                    Go could not compile the app; known causes:
    ├── ModuleSumMismatchError      a module is not the one in go.sum
    ├── VendorOutdatedError         vendor/ does not fit go.mod
    ├── PrivateModuleError          a private module's server refused
    ├── ModulesIncompleteError      go.mod or go.sum lack something
    ├── CompilerMissingError        cgo without a C compiler
    ├── LibraryMissingError         cgo without a library's headers
    └── GoNetworkError              a module could not be downloaded
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation, Source

_EXAMPLE = "1.27"


@dataclass(eq=False, kw_only=True)
class LegacyManagerError(ExplainedError):
    """The app's dependencies are listed by a tool from before modules."""

    file: str
    tool: str

    def explain(self) -> Explanation:
        """Name the tool and the way to modules."""
        return Explanation(
            what=f"'{self.file}' is of {self.tool}, which is no longer supported",
            why="Go has modules since 1.11. Heroku ended its support for the older tools in 2026, too.",
            fix=(
                "In the app's directory, run: go mod init example.com/your/app",
                "Run: go mod tidy",
                f"Commit go.mod and go.sum, and remove '{self.file}'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class GoModError(ExplainedError):
    """go.mod cannot be used."""

    def explain(self) -> Explanation:
        """Say what is wrong with it."""
        return Explanation(
            what=f"go.mod cannot be used: {self.problem}",
            why=self.detail,
            fix=("Correct it, or let Go do so: go mod edit -fmt && go mod tidy",),
        )

    @property
    def problem(self) -> str:
        """Name the problem in a few words."""
        raise NotImplementedError

    @property
    def detail(self) -> str:
        """Say more about it."""
        raise NotImplementedError


@dataclass(eq=False, kw_only=True)
class GoModSyntaxError(GoModError):
    """A line of go.mod cannot be understood. ``reason`` says why."""

    line: int
    text: str
    reason: str

    @property
    def problem(self) -> str:
        """Name the line."""
        return f"line {self.line} is not understood"

    @property
    def detail(self) -> str:
        """Quote the line."""
        return f"{self.reason}:\n{self.text}"


@dataclass(eq=False, kw_only=True)
class DuplicateModLineError(GoModError):
    """A line that may be there once is there twice."""

    keyword: str
    line: int
    first: int

    @property
    def problem(self) -> str:
        """Name the line."""
        return f"line {self.line} is a second '{self.keyword}' line"

    @property
    def detail(self) -> str:
        """Name the first."""
        return f"The first is line {self.first}; only one may be there."


@dataclass(eq=False, kw_only=True)
class NoModuleLineError(GoModError):
    """Nothing names the module."""

    @property
    def problem(self) -> str:
        """Name what is missing."""
        return "it has no 'module' line"

    @property
    def detail(self) -> str:
        """Show one."""
        return "It begins with the module's path, such as: module example.com/your/app"


@dataclass(eq=False, kw_only=True)
class GoVersionError(ExplainedError):
    """The Go that is asked for cannot be used. ``origin`` is the place that asks."""

    text: str
    origin: str


@dataclass(eq=False, kw_only=True)
class InvalidGoVersionError(GoVersionError):
    """The text is no version of Go."""

    def explain(self) -> Explanation:
        """Quote it, and show the forms."""
        return Explanation(
            what=f"'{self.text}' is not a version of Go",
            why=f"It stands in {self.origin}.",
            fix=(f"Write a line such as '{_EXAMPLE}', for its newest patch, or a version such as '{_EXAMPLE}.3'.",),
        )


@dataclass(eq=False, kw_only=True)
class DevelopmentGoError(GoVersionError):
    """A state of Go's source is asked for."""

    def explain(self) -> Explanation:
        """Name the alternatives."""
        return Explanation(
            what=f"'{self.text}' is a state of Go's source, which is not compiled here",
            why=f"It stands in {self.origin}. Only published versions can be verified.",
            fix=(f"Ask for a release, such as '{_EXAMPLE}', or for a published candidate, such as '{_EXAMPLE}rc1'.",),
        )


@dataclass(eq=False, kw_only=True)
class OldGoError(GoVersionError):
    """The version is from before modules."""

    oldest: str

    def explain(self) -> Explanation:
        """Name the oldest that will do."""
        return Explanation(
            what=f"Go {self.text} is too old: it does not know modules",
            why=f"It stands in {self.origin}. The oldest that is supported is {self.oldest}, as on Heroku.",
            fix=(f"Ask for a maintained version: go mod edit -go={_EXAMPLE} && go mod tidy",),
        )


@dataclass(eq=False, kw_only=True)
class UnknownGoVersionError(GoVersionError):
    """No such release is known; ``is_line`` when a whole line is asked for."""

    nearest: tuple[str, ...]
    is_line: bool = False

    def explain(self) -> Explanation:
        """Name the nearest."""
        newer = ("If it is newer than this Offramp, name the patch as well: such versions are looked for.",)
        return Explanation(
            what=f"There is no Go {self.text}",
            why=f"It stands in {self.origin}, and no known release fits it.",
            fix=(f"Ask for one of the nearest: {', '.join(self.nearest)}.", *(newer if self.is_line else ())),
        )


@dataclass(eq=False, kw_only=True)
class NewerGoNeededError(ExplainedError):
    """The ``go`` line of go.mod names a newer Go than the one that is chosen."""

    needed: str
    line: int
    chosen: str
    origin: str

    def explain(self) -> Explanation:
        """Name both places."""
        return Explanation(
            what=f"The app needs Go {self.needed} or newer, and Go {self.chosen} is asked for",
            why=(
                f"{self.origin[0].upper()}{self.origin[1:]} chooses {self.chosen}; line {self.line} of go.mod says"
                f" 'go {self.needed}'. Go would fetch another version by itself, and no build here does that unseen."
            ),
            fix=(
                f"Remove {self.origin}, so that the 'go' line decides; or ask for {self.needed} there.",
                f"If the app does build with the older one: go mod edit -go={'.'.join(self.chosen.split('.')[:2])}",
            ),
        )


@dataclass(eq=False, kw_only=True)
class GoDoesNotExistError(ExplainedError):
    """The place Go comes from answered that it does not have this version."""

    version: str
    url: str
    nearest: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the place and the nearest versions."""
        return Explanation(
            what=f"Go {self.version} is not to be had",
            why=f"'{self.url}' does not exist.",
            fix=(
                f"If it is right, see that the proxy or mirror has it. Known are {', '.join(self.nearest)}.",
                "Name another place with GOPROXY (modules), or OFFRAMP_GO_SOURCE (the archives of go.dev).",
            ),
        )


@dataclass(eq=False, kw_only=True)
class NoModuleProxyError(ExplainedError):
    """GOPROXY names no proxy."""

    setting: str

    def explain(self) -> Explanation:
        """Name the two other ways."""
        return Explanation(
            what=f"With GOPROXY={self.setting} there is no place for Go to come from",
            why="Go itself is installed as a module, golang.org/toolchain, from a proxy in GOPROXY.",
            fix=(
                "Put a proxy first: GOPROXY=https://proxy.golang.org,direct; a directory is file:///path.",
                "Or name a mirror of go.dev's archives: OFFRAMP_GO_SOURCE=https://go.dev/dl and OFFRAMP_GO_SHA256=…",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnverifiableGoError(ExplainedError):
    """Nothing says what a download of Go has to be."""

    url: str
    setting: str
    why: str

    def explain(self) -> Explanation:
        """Say which setting would."""
        fix = {
            "OFFRAMP_GO_SHA256": "Set OFFRAMP_GO_SHA256 to the archive's sha256, which go.dev/dl lists beside it.",
            "GOSUMDB": "Unset GOSUMDB, or set it to a database your network reaches: GOSUMDB='sum.golang.org https://mirror'.",
        }
        return Explanation(
            what=f"Refusing to install Go from '{self.url}' without knowing what it has to be",
            why=f"{self.why[0].upper()}{self.why[1:]}.",
            fix=(fix.get(self.setting, f"Set {self.setting}."),),
        )


@dataclass(eq=False, kw_only=True)
class ToolchainMismatchError(ExplainedError):
    """The toolchain's module has another sum; nothing was unpacked."""

    name: str
    expected: str
    actual: str
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give both sums."""
        return Explanation(
            what=f"'{self.name}' is not the file that was expected",
            why=f"its sum is {self.actual}, expected {self.expected}; nothing was unpacked",
            fix=("Try again; if it happens again, the proxy changes the file: ask who runs it.",),
        )


@dataclass(eq=False, kw_only=True)
class GoArchiveSumError(ExplainedError):
    """The archive of OFFRAMP_GO_SOURCE has another sha256 than OFFRAMP_GO_SHA256; nothing was unpacked."""

    url: str
    expected: str
    actual: str

    def explain(self) -> Explanation:
        """Give both sums."""
        return Explanation(
            what=f"'{self.url}' does not have the sha256 in OFFRAMP_GO_SHA256",
            why=f"its sha256 is {self.actual}, expected {self.expected}; nothing was unpacked",
            fix=(
                "The setting is for one version and one architecture: correct it when the app asks for another Go.",
                "If it is right, the mirror changes the file: ask who runs it.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnreadableToolchainError(ExplainedError):
    """The toolchain's module is no whole zip of files below its own name."""

    name: str
    problem: str
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Name the problem."""
        return Explanation(
            what=f"'{self.name}' cannot be unpacked",
            why=self.problem,
            fix=("Try again; if it happens again, the proxy's file is damaged: ask who runs it.",),
        )


@dataclass(eq=False, kw_only=True)
class ChecksumDatabaseError(ExplainedError):
    """An answer of the checksum database is not proved to be its own."""

    database: str
    problem: str
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Say what is wrong, and that nothing was installed."""
        return Explanation(
            what=f"The checksum database '{self.database}' cannot be used",
            why=f"{self.problem}; nothing was installed",
            fix=(
                "Check GOSUMDB, and the proxy in GOPROXY, which passes the database on.",
                "For a build that cannot ask it, see 'Without the checksum database' in docs/reference/go.md.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class GitCredentialError(ExplainedError):
    """A variable that begins like a credential for Git does not name a server, or is empty."""

    name: str

    def explain(self) -> Explanation:
        """Show the form; the value is never shown."""
        return Explanation(
            what=f"The config var {self.name} is not a credential for a Git server",
            why="Its name has to say protocol and host, with '__' for each dot, and its value must not be empty.",
            fix=(
                "For https://git.example.com, set GO_GIT_CRED__HTTPS__GIT__EXAMPLE__COM to a token or user:password.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class BinIsFileError(ExplainedError):
    """Something is where a program, or the directory of programs, has to be. ``name`` is empty for the latter."""

    name: str = ""

    def explain(self) -> Explanation:
        """Name it."""
        if self.name:
            return Explanation(
                what=f"'bin/{self.name}' in the app is a directory",
                why=f"The program '{self.name}' is put there, as on Heroku.",
                fix=(f"Rename the directory 'bin/{self.name}', or the package of the program.",),
            )
        return Explanation(
            what="'bin' in the app's top level is a file",
            why="The app's programs are put into a directory of this name, as on Heroku.",
            fix=("Rename the file, or, if it is a compiled program, remove it: git rm bin",),
        )


@dataclass(eq=False, kw_only=True)
class LinkerValueError(ExplainedError):
    """A value for the linker has both kinds of quotes."""

    symbol: str

    def explain(self) -> Explanation:
        """Name the setting."""
        return Explanation(
            what=f"The linker cannot be given the value of '{self.symbol}'",
            why="GO_LINKER_VALUE has both ' and \" in it; Go's -ldflags has no way to write that.",
            fix=("Leave out one kind of quotes.",),
        )


@dataclass(eq=False, kw_only=True)
class ListPackagesError(ExplainedError):
    """``go list`` failed on what is to be installed."""

    patterns: tuple[str, ...]
    origin: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the patterns, where they stand, and Go's words."""
        return Explanation(
            what=f"Go cannot find what to install: {shlex.join(self.patterns)} ({self.origin})",
            why="\n".join(self.last_lines),
            fix=(
                "Correct the name. The app's packages begin with './', as in './cmd/server'; './cmd/...' is all below.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class DuplicateProgramError(ExplainedError):
    """Two packages would be installed as programs of the same name."""

    name: str
    packages: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name both."""
        return Explanation(
            what=f"Two programs are called '{self.name}'",
            why="Both would be 'bin/{}', one instead of the other:\n{}".format(self.name, "\n".join(self.packages)),
            fix=(
                "Rename the directory of one of them.",
                "Or name those to install in go.mod: // +heroku install ./cmd/one ./cmd/other",
            ),
        )


@dataclass(eq=False, kw_only=True)
class NoProgramsError(ExplainedError):
    """No package is a program. ``patterns`` is empty when all were looked at."""

    module: str
    patterns: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Say that it is a library, and how to run something."""
        looked = f"none of {shlex.join(self.patterns)} is" if self.patterns else "none of its packages is"
        return Explanation(
            what=f"The module '{self.module}' is a library: there is nothing to run",
            why=f"A program is 'package main' with a function main; {looked}.",
            fix=(
                "Build the repository of the service that uses it; or add a program, such as cmd/server/main.go.",
                "If a build tag hides it: programs are built with the tag 'heroku', and with those in GOFLAGS=-tags=….",
            ),
        )


@dataclass(eq=False, kw_only=True)
class GoBuildError(ExplainedError):
    """Go could not compile the app, for a reason that stands in its words."""

    version: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give Go's last words."""
        return Explanation(
            what=f"Go {self.version} could not compile the app",
            why="\n".join(self.last_lines),
            fix=("Correct what Go names above. To see the same in the app's directory: go build -tags heroku ./...",),
        )


@dataclass(eq=False, kw_only=True)
class ModuleSumMismatchError(GoBuildError):
    """A module is not the one that go.sum or the checksum database has."""

    def explain(self) -> Explanation:
        """Say what it can mean."""
        return Explanation(
            what="A module is not the one that was used before",
            why="\n".join(self.last_lines),
            fix=(
                "If the module's author moved a tag, use another version: go get MODULE@VERSION",
                "For a private module, set GOPRIVATE, so that no public database is asked about it.",
                "Otherwise the proxy or the server changes it: ask who runs it.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class VendorOutdatedError(GoBuildError):
    """vendor/ is not what go.mod says."""

    def explain(self) -> Explanation:
        """Name the command."""
        return Explanation(
            what="vendor/ does not fit go.mod",
            why="\n".join(self.last_lines),
            fix=(
                "Run 'go mod vendor', and commit vendor/ and go.mod.",
                "To use downloaded modules instead, remove vendor/, or set GOFLAGS=-mod=mod.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class PrivateModuleError(GoBuildError):
    """The server of a module wants to know who asks, or hides that there is such a module."""

    def explain(self) -> Explanation:
        """Show the settings."""
        return Explanation(
            what="A module is private, or does not exist",
            why="\n".join(self.last_lines),
            fix=(
                "Check the module's path and version.",
                "Set GO_GIT_CRED__HTTPS__HOST to a token, with '__' for each dot: GO_GIT_CRED__HTTPS__GITHUB__COM.",
                "Set GOPRIVATE to the module's path, such as GOPRIVATE=github.com/your-team.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class ModulesIncompleteError(GoBuildError):
    """go.mod or go.sum lack what the app imports."""

    def explain(self) -> Explanation:
        """Name the command."""
        return Explanation(
            what="go.mod and go.sum do not have all that the app imports",
            why="\n".join(self.last_lines),
            fix=("Run 'go mod tidy', and commit go.mod and go.sum.",),
        )


@dataclass(eq=False, kw_only=True)
class CompilerMissingError(GoBuildError):
    """cgo needs a C compiler, or pkg-config, that is not there."""

    def explain(self) -> Explanation:
        """Name the ways out."""
        return Explanation(
            what="A package with C code needs a program that the build image does not have",
            why="\n".join(self.last_lines),
            fix=(
                "Use a build image with a C compiler, such as Offramp's own stack; check the settings CC and CXX.",
                "If the app does not need C code, set CGO_ENABLED=0.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class LibraryMissingError(GoBuildError):
    """cgo needs headers of a library that the build image does not have."""

    def explain(self) -> Explanation:
        """Name the ways out."""
        return Explanation(
            what="C code of a package needs a library that the build image does not have",
            why="\n".join(self.last_lines),
            fix=(
                "Add Debian's package with its headers to an Aptfile, such as 'libvips-dev'.",
                "Or use a stack that has it, in the run image as well as in the build image.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class GoNetworkError(GoBuildError):
    """A module could not be downloaded, for a reason that may pass."""

    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Name the mirror's setting."""
        return Explanation(
            what="A module could not be downloaded",
            why="\n".join(self.last_lines),
            fix=(
                "Try the build again in a few minutes.",
                "If the build's network has its own module proxy, set GOPROXY; or vendor the modules: go mod vendor",
            ),
        )
