"""What can be wrong with a Node.js app, and every text about it.

ExplainedError
├── InvalidPackageJsonError         package.json is not what npm reads
├── InvalidPackageManagerError      its field packageManager names no exact version
├── InvalidEngineError              its field engines has no range of versions
├── NodeDoesNotExistError           no release of Node.js satisfies it
├── UnknownPackageVersionError      the registry has no such version of a tool
├── IntegrityError                  a download is another file
├── UnverifiableNodeError           nothing says what an archive has to be
├── InvalidNodeArchiveError         the archive holds no Node.js
├── MultipleLockFilesError          lock files of several package managers
├── ManagerMismatchError            packageManager and lock file name different ones
├── VendoredYarnError               yarnPath names a file that is not there
├── InstallPackagesError            the package manager failed:
│   ├── LockOutdatedError           lock file and package.json say different things
│   ├── RegistryAccessError         a registry refuses access
│   ├── PackageNotFoundError        no registry has a package
│   ├── PackageIntegrityError       a package is another file than the locked one
│   ├── NativeAddonError            a package does not compile
│   └── RegistryUnreachableError    a registry cannot be reached
└── ScriptError                     a script of package.json failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from buildpacks.sdk import ExplainedError, Explanation, Source


@dataclass(eq=False, kw_only=True)
class InvalidPackageJsonError(ExplainedError):
    """package.json is not what npm reads; ``line`` is 0 where it is not known."""

    line: int
    problem: str

    def explain(self) -> Explanation:
        """Give the place and the problem."""
        place = f", line {self.line}" if self.line else ""
        return Explanation(
            what=f"package.json cannot be used{place}: {self.problem}",
            why="npm, Yarn and pnpm refuse it, too.",
            fix=("Correct it; 'npm pkg get' reads it as a build does.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidPackageManagerError(ExplainedError):
    """The field packageManager names no exact version."""

    value: str

    def explain(self) -> Explanation:
        """Give the form."""
        return Explanation(
            what=f"packageManager of package.json is '{self.value}', which names no package manager",
            why="It has to be npm, yarn or pnpm with an exact version, as Corepack writes it.",
            fix=('Write it as "packageManager": "pnpm@10.34.9", or remove it.',),
        )


@dataclass(eq=False, kw_only=True)
class InvalidEngineError(ExplainedError):
    """The field engines has no range of versions."""

    engine: str
    value: str

    def explain(self) -> Explanation:
        """Give examples."""
        return Explanation(
            what=f"engines.{self.engine} of package.json is '{self.value}', which is no range of versions",
            why="Ranges are '24.x', '^22.3.0', '>=20 <25' or an exact version.",
            fix=(f'Write it as "engines": {{"{self.engine}": "24.x"}}.',),
        )


@dataclass(eq=False, kw_only=True)
class NodeDoesNotExistError(ExplainedError):
    """No release of Node.js satisfies the range."""

    request: str
    nearest: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the nearest releases."""
        return Explanation(
            what=f"There is no Node.js '{self.request}'",
            why=f"engines.node of package.json asks for it. The nearest releases are: {', '.join(self.nearest)}.",
            fix=(
                "Correct engines.node; '24.x' is any release of that line.",
                "If it was released just now, update Offramp, or name its archive with NODE_BINARY_URL.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnknownPackageVersionError(ExplainedError):
    """The registry has no such version of a tool."""

    package: str
    version: str
    registry: str

    def explain(self) -> Explanation:
        """Name the registry and the settings that choose it."""
        return Explanation(
            what=f"The registry has no {self.package} {self.version}",
            why=f"'{self.registry}' does not have it, or does not say its integrity.",
            fix=(
                "Correct the version in package.json (packageManager or engines).",
                "If NPM_CONFIG_REGISTRY names your own registry, check that it passes on npm's packages.",
                "OFFRAMP_NODE_REGISTRY names another one for Node.js and its tools only.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class IntegrityError(ExplainedError):
    """A download is another file than the expected one."""

    url: str
    expected: str
    actual: str

    def explain(self) -> Explanation:
        """Give both values."""
        return Explanation(
            what=f"What '{self.url}' gave is not the expected file",
            why=f"Its integrity is {self.actual}, expected was {self.expected}. Nothing was unpacked.",
            fix=(
                "Try again: a proxy may have given an error page, or half a file.",
                "If a mirror is set, compare its file with the one of registry.npmjs.org.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnverifiableNodeError(ExplainedError):
    """Nothing says what an archive has to be; ``listing`` is the list of checksums that does not name it, or empty."""

    url: str
    listing: str = ""

    def explain(self) -> Explanation:
        """Say how to give its checksum."""
        if self.listing:
            return Explanation(
                what=f"Nothing says what '{self.url}' has to be",
                why=f"Nothing is unpacked before it was verified, and '{self.listing}' does not name it.",
                fix=("Check that the mirror OFFRAMP_NODE_SOURCE names is whole, and has this version.",),
            )
        return Explanation(
            what=f"Nothing says what '{self.url}' has to be",
            why="Nothing is unpacked before it was verified, and NODE_BINARY_URL does not end in the archive's sha256.",
            fix=("Add it, as 'sha256sum FILE' prints it: NODE_BINARY_URL=https://…/node.tar.xz#sha256=…",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidNodeArchiveError(ExplainedError):
    """The archive holds no Node.js."""

    url: str

    def explain(self) -> Explanation:
        """Say what it has to hold."""
        return Explanation(
            what=f"The archive '{self.url}' holds no Node.js",
            why="It has no 'bin/node' in its one directory, as the archives of nodejs.org do.",
            fix=("Name an archive of Linux and this processor, such as node-v24.11.1-linux-x64.tar.xz.",),
        )


@dataclass(eq=False, kw_only=True)
class MultipleLockFilesError(ExplainedError):
    """Lock files of several package managers."""

    names: tuple[str, ...]

    def explain(self) -> Explanation:
        """List them."""
        return Explanation(
            what=f"Several lock files name different package managers: {', '.join(self.names)}",
            why="A build cannot know which one is kept up to date.",
            fix=("Remove all but the one of the package manager you use: git rm FILE",),
        )


@dataclass(eq=False, kw_only=True)
class ManagerMismatchError(ExplainedError):
    """packageManager and lock file name different package managers."""

    lock: str
    manager: str

    def explain(self) -> Explanation:
        """Name both."""
        return Explanation(
            what=f"packageManager of package.json is {self.manager}, and the lock file is '{self.lock}'",
            why="They are of different package managers.",
            fix=(f"Remove '{self.lock}' and let {self.manager} write its own, or correct packageManager.",),
        )


@dataclass(eq=False, kw_only=True)
class VendoredYarnError(ExplainedError):
    """yarnPath names a file that is not there."""

    path: str

    def explain(self) -> Explanation:
        """Say what is usual."""
        return Explanation(
            what=f"yarnPath of .yarnrc.yml names '{self.path}', which is not in the app's source",
            why="Yarn itself is committed then, and a build uses that file.",
            fix=(
                "Commit the file; .gitignore may leave out .yarn: add the line !.yarn/releases",
                "Or remove yarnPath.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InstallPackagesError(ExplainedError):
    """The package manager failed."""

    command: str
    last_lines: tuple[str, ...]
    problem: ClassVar[str] = "The packages could not be installed"
    fix: ClassVar[tuple[str, ...]] = (
        "Read the package manager's words above; the same command fails on your machine.",
    )

    def explain(self) -> Explanation:
        """Give the package manager's last lines, and what helps."""
        return Explanation(
            what=f"{self.problem}: '{self.command}' failed", why="\n".join(self.last_lines) or "It printed nothing.",
            fix=self.fix,
        )  # fmt: skip


@dataclass(eq=False, kw_only=True)
class LockOutdatedError(InstallPackagesError):
    """Lock file and package.json say different things."""

    problem: ClassVar[str] = "The lock file does not match package.json"
    fix: ClassVar[tuple[str, ...]] = ("Run the package manager's install on your machine, and commit the lock file.",)


@dataclass(eq=False, kw_only=True)
class RegistryAccessError(InstallPackagesError):
    """A registry refuses access."""

    problem: ClassVar[str] = "A registry refuses access"
    fix: ClassVar[tuple[str, ...]] = (
        "Commit an .npmrc that takes its token from a variable: //npm.example.com/:_authToken=${NPM_TOKEN}",
        "Pass the token to the build: 'offramp build --env NPM_TOKEN'.",
    )


@dataclass(eq=False, kw_only=True)
class PackageNotFoundError(InstallPackagesError):
    """No registry has a package."""

    problem: ClassVar[str] = "The registry does not have a package"
    fix: ClassVar[tuple[str, ...]] = (
        "Check its name and version. A package of your own needs its registry in .npmrc: @scope:registry=https://…",
    )


@dataclass(eq=False, kw_only=True)
class PackageIntegrityError(InstallPackagesError):
    """A package is another file than the locked one."""

    problem: ClassVar[str] = "A package is not the file that is locked; it was not installed"
    fix: ClassVar[tuple[str, ...]] = (
        "If a mirror is set, compare its file with the one of registry.npmjs.org.",
        "If the package was published anew under the same version, find out why before you update the lock file.",
    )


@dataclass(eq=False, kw_only=True)
class NativeAddonError(InstallPackagesError):
    """A package does not compile."""

    problem: ClassVar[str] = "A package does not compile"
    fix: ClassVar[tuple[str, ...]] = (
        "Read the compiler's words above. A library it does not find is a Debian package for a file named Aptfile.",
        "A newer version of the package may come compiled for this Node.js.",
    )


@dataclass(eq=False, kw_only=True)
class RegistryUnreachableError(InstallPackagesError):
    """A registry cannot be reached."""

    problem: ClassVar[str] = "A registry cannot be reached"
    fix: ClassVar[tuple[str, ...]] = (
        "Try the build again in a few minutes.",
        "If the build's network has a mirror, name it: --env NPM_CONFIG_REGISTRY=https://mirror.example",
    )
    source: ClassVar[Source] = Source.NETWORK


@dataclass(eq=False, kw_only=True)
class ScriptError(ExplainedError):
    """A script of package.json failed."""

    script: str
    command: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the script and give its last words."""
        return Explanation(
            what=f"The script '{self.script}' of package.json failed",
            why="\n".join(self.last_lines) or "It printed nothing.",
            fix=(
                f"'{self.command}' shows the same problem on your machine.",
                "If it needs a config var, pass it to the build: 'offramp build --env NAME=value'.",
            ),
        )
