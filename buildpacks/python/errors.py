"""What can be wrong with a Python app, and every text about it.

ExplainedError
├── ForbiddenSettingsError          a setting that would misplace things, by the newer rules
├── CommittedVenvError              a virtual environment is in the source
├── CommittedPythonError            what a build on Heroku leaves is in the source
├── MultiplePackageManagersError    several files decide which package manager is used
├── NoPackageManagerError           no file does
├── SetupPyOnlyError                only setup.py is there
├── PipfileWithoutLockError         Pipenv without its lock file
├── VersionFileError                a version file cannot be used:
│   ├── VersionFileEncodingError    it is not plain UTF-8
│   ├── InvalidVersionFileError     a line is no version
│   ├── MultipleVersionsError       several versions
│   └── NoVersionInFileError        no version
├── RuntimeFileError                runtime.txt, by the newer rules
├── InvalidPipfileLockError         Pipfile.lock is not what Pipenv writes
├── InvalidPipfileVersionError      the Python that Pipfile.lock asks for is no version
├── MisspelledVersionFileError      its name is not exactly .python-version
├── UvNeedsVersionFileError         uv without .python-version
├── EndOfLifeVersionError           a version older than the oldest we build
├── UnknownVersionError             a version nobody knows
├── InstallPythonError              uv could not install a Python that it knows
├── InstallToolError                a package manager itself could not be installed
├── InstallDependenciesError        pip failed on the requirements
├── InstallLockedError              Pipenv, Poetry or uv failed on the lock file
├── NltkError                       NLTK's downloader failed
├── DjangoHelpError                 Django could not say whether it knows collectstatic
└── CollectStaticError              Django's collectstatic failed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from buildpacks.sdk import ExplainedError, Explanation, Source

_EXAMPLE = "3.13"


@dataclass(eq=False, kw_only=True)
class ForbiddenSettingsError(ExplainedError):
    """Settings that would lead Python or a package manager away from the layers."""

    names: tuple[str, ...]

    def explain(self) -> Explanation:
        """List the settings, not their values."""
        names = "\n".join(self.names)
        return Explanation(
            what="Settings of the build would misplace Python or the dependencies",
            why=f"By the rules that OFFRAMP_PYTHON_RULES=cnb chooses, a build may not set:\n{names}",
            fix=("Remove them from the build's settings, or use the classic rules, which ignore them with a warning.",),
        )


@dataclass(eq=False, kw_only=True)
class CommittedVenvError(ExplainedError):
    """The app's source contains a virtual environment."""

    name: str

    def explain(self) -> Explanation:
        """Name the directory and how to remove it."""
        return Explanation(
            what=f"The app's source contains a virtual environment, '{self.name}'",
            why="It was made for another machine, and would hide the one that this build makes.",
            fix=(
                f"Remove it from version control: git rm -r --cached {self.name}",
                f"Add '{self.name}/' to .gitignore.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class CommittedPythonError(ExplainedError):
    """The app's source contains what Heroku's build puts there."""

    name: str

    def explain(self) -> Explanation:
        """Name the directory and how to remove it."""
        return Explanation(
            what=f"The app's source contains '{self.name}'",
            why="On Heroku the build puts Python there; in a repository it is a leftover, and nothing uses it.",
            fix=(
                f"Remove it from version control: git rm -r --cached {self.name}",
                f"If it is not in version control, delete it, or add '{self.name}/' to .slugignore.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class MultiplePackageManagersError(ExplainedError):
    """Several package managers claim the app: file → package manager."""

    found: Mapping[str, str]

    def explain(self) -> Explanation:
        """List the files."""
        files = "\n".join(f"{name} ({manager})" for name, manager in sorted(self.found.items()))
        return Explanation(
            what="Files of more than one Python package manager were found",
            why=f"Exactly one of them can install the dependencies. Found:\n{files}",
            fix=("Decide which package manager the app uses, and delete the other file.",),
        )


@dataclass(eq=False, kw_only=True)
class NoPackageManagerError(ExplainedError):
    """No file says how the dependencies are installed."""

    names: tuple[str, ...]
    misspelled: str | None = None

    def explain(self) -> Explanation:
        """List what is there, and what was looked for."""
        listing = "\n".join(self.names) or "(nothing)"
        check = (
            f"Rename '{self.misspelled}' to 'requirements.txt'."
            if self.misspelled
            else "Add one of these files; an empty requirements.txt will do if nothing is needed."
        )
        return Explanation(
            what="Couldn't find a file that lists the app's Python dependencies",
            why=(
                "Looked for requirements.txt (pip), Pipfile.lock (Pipenv), poetry.lock (Poetry) and uv.lock (uv)"
                f" in the top level directory, which contains:\n{listing}"
            ),
            fix=(
                check,
                "If it exists, check that it is in the top level directory, and that no ignore file leaves it out.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class SetupPyOnlyError(ExplainedError):
    """There is a setup.py and nothing else."""

    def explain(self) -> Explanation:
        """Say how to install the app itself."""
        return Explanation(
            what="A setup.py alone no longer says what to install",
            why="Heroku ended the implicit use of setup.py, too.",
            fix=("Add a requirements.txt with one line: '.'",),
        )


@dataclass(eq=False, kw_only=True)
class PipfileWithoutLockError(ExplainedError):
    """There is a Pipfile without its lock."""

    def explain(self) -> Explanation:
        """Say that the lock is missing."""
        return Explanation(
            what="There is a Pipfile, but no Pipfile.lock",
            why="Without a lock file, every build could install something else.",
            fix=("Run 'pipenv lock', then 'pipenv requirements > requirements.txt', and commit requirements.txt.",),
        )


@dataclass(eq=False, kw_only=True)
class VersionFileError(ExplainedError):
    """A version file cannot be used."""

    file: str

    @property
    def example(self) -> str:
        """Give the right contents of the file."""
        return f"python-{_EXAMPLE}" if self.file == "runtime.txt" else _EXAMPLE

    def steps(self) -> tuple[str, ...]:
        """Give what to do."""
        return (f"Make '{self.file}' contain one line with the version, such as: {self.example}",)


@dataclass(eq=False, kw_only=True)
class VersionFileEncodingError(VersionFileError):
    """A version file is not plain UTF-8."""

    def explain(self) -> Explanation:
        """Name the encoding that is expected."""
        return Explanation(
            what=f"Couldn't read '{self.file}': it is not plain UTF-8",
            why="It begins with a byte order mark or is in another encoding, as PowerShell's '>' writes it.",
            fix=("Save it in the encoding 'UTF-8 without BOM'.", *self.steps()),
        )


@dataclass(eq=False, kw_only=True)
class InvalidVersionFileError(VersionFileError):
    """A line of a version file is no version."""

    line: str
    prefix: str = ""

    def explain(self) -> Explanation:
        """Quote the line and give the rule."""
        form = f"'{self.prefix}3.X' or '{self.prefix}3.X.Y'"
        return Explanation(
            what=f"'{self.file}' contains an invalid Python version",
            why=(
                f"Found '{self.line}', expected {form}: no quotes, no wildcards, no comment behind it"
                + ("." if self.prefix else ", no 'python-' before it.")
            ),
            fix=self.steps(),
        )


@dataclass(eq=False, kw_only=True)
class MultipleVersionsError(VersionFileError):
    """A version file has several versions."""

    versions: tuple[str, ...]

    def explain(self) -> Explanation:
        """List the lines."""
        lines = "\n".join(self.versions)
        return Explanation(
            what=f"'{self.file}' contains more than one Python version",
            why=f"An app runs on one version. Found:\n{lines}",
            fix=("Delete all lines but one.",),
        )


@dataclass(eq=False, kw_only=True)
class NoVersionInFileError(VersionFileError):
    """A version file has no version."""

    def explain(self) -> Explanation:
        """Say that nothing is left."""
        return Explanation(
            what=f"'{self.file}' contains no Python version",
            why="Nothing is left of it without blank lines and comments.",
            fix=(*self.steps(), "Or delete the file to use the stack's own Python."),
        )


@dataclass(eq=False, kw_only=True)
class RuntimeFileError(ExplainedError):
    """There is a runtime.txt, which only the classic rules accept."""

    def explain(self) -> Explanation:
        """Name the file that replaces it."""
        return Explanation(
            what="The file runtime.txt is no longer supported",
            why="The rules that OFFRAMP_PYTHON_RULES=cnb chooses read the version from .python-version only.",
            fix=(f"Delete runtime.txt, and put its version, such as '{_EXAMPLE}', into a file named .python-version.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidPipfileLockError(ExplainedError):
    """Pipfile.lock cannot be read."""

    problem: str

    def explain(self) -> Explanation:
        """Give what is wrong with it."""
        return Explanation(
            what="Couldn't read 'Pipfile.lock'",
            why=self.problem,
            fix=("Run 'pipenv lock' in the app's directory, and commit Pipfile.lock. Do not edit it by hand.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidPipfileVersionError(ExplainedError):
    """The Python that Pipfile.lock asks for is not a version."""

    field: str
    value: str

    def explain(self) -> Explanation:
        """Quote the value and give the rule."""
        form = "3.X.Y" if self.field == "python_full_version" else "3.X"
        return Explanation(
            what="'Pipfile.lock' asks for an invalid Python version",
            why=f"Its {self.field} is '{self.value}', expected the form {form}.",
            fix=(
                f'Correct {self.field} under [requires] in Pipfile, such as: python_version = "{_EXAMPLE}"',
                "Run 'pipenv lock', and commit both files.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class MisspelledVersionFileError(ExplainedError):
    """A file is nearly named .python-version."""

    name: str

    def explain(self) -> Explanation:
        """Quote the name, whose trailing space would not be seen otherwise."""
        return Explanation(
            what="The name of the Python version file is misspelled",
            why=f"Found '{self.name}', expected '.python-version'.",
            fix=(f"Rename it: git mv '{self.name}' .python-version",),
        )


@dataclass(eq=False, kw_only=True)
class UvNeedsVersionFileError(ExplainedError):
    """A uv project without .python-version."""

    has_runtime_file: bool

    def explain(self) -> Explanation:
        """Name uv's own command."""
        why = "uv reads the version from this file, on your machine and in the build, so that both use the same."
        return Explanation(
            what="Apps that use uv need a .python-version file",
            why=f"uv does not read runtime.txt. {why}" if self.has_runtime_file else why,
            fix=(
                f"Run 'uv python pin {_EXAMPLE}' in the app's directory, and commit .python-version.",
                *(("Delete runtime.txt.",) if self.has_runtime_file else ()),
            ),
        )


@dataclass(eq=False, kw_only=True)
class EndOfLifeVersionError(ExplainedError):
    """A version that gets no fixes any more."""

    version: str
    origin: str

    def explain(self) -> Explanation:
        """Name the version and where it is asked for."""
        return Explanation(
            what=f"Python {self.version} has reached its end of life",
            why=f"The version comes from {self.origin}; it gets no security fixes any more, and is not built here.",
            fix=("Move the app to a newer version.", _ask_for(_EXAMPLE, self.origin)),
        )


@dataclass(eq=False, kw_only=True)
class UnknownVersionError(ExplainedError):
    """A version that does not exist, or is not known yet."""

    version: str
    origin: str
    nearest: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the nearest known versions."""
        line = ".".join(self.nearest[0].split(".")[:2]) if self.nearest else _EXAMPLE
        return Explanation(
            what=f"Python {self.version} isn't available",
            why=f"The version comes from {self.origin}. The nearest known are {', '.join(self.nearest) or 'none'}.",
            fix=(f"{_ask_for(line, self.origin)} One of the versions above will do, too.",),
        )


@dataclass(eq=False, kw_only=True)
class InstallPythonError(ExplainedError):
    """uv failed to install a Python it knows."""

    version: str
    last_lines: tuple[str, ...]
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give uv's words, and the ways around a network that cannot reach the archive."""
        return Explanation(
            what=f"Couldn't install Python {self.version}",
            why="\n".join(self.last_lines),
            fix=(
                "Use the stack's own Python: remove .python-version or runtime.txt, or ask for its version.",
                "If there is a mirror of python-build-standalone, set UV_PYTHON_INSTALL_MIRROR for the build.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InstallToolError(ExplainedError):
    """The build image's pip failed to install a pinned tool."""

    tool: str
    last_lines: tuple[str, ...]
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Give pip's words."""
        return Explanation(
            what=f"Couldn't install {self.tool}",
            why="\n".join(self.last_lines),
            fix=(
                "Check that the build can reach a package index; PIP_INDEX_URL names another one.",
                f"If it is a mirror, check that it has {self.tool}.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InstallDependenciesError(ExplainedError):
    """pip failed; its whole output stands in the log."""

    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give pip's own message, and a hint for the failures that are common."""
        return Explanation(
            what="pip couldn't install the dependencies in requirements.txt",
            why="pip's own message is above",
            fix=_pip_hints("\n".join(self.last_lines))
            or ("Read the last lines of pip's message: they name the package that failed.",),
        )


@dataclass(eq=False, kw_only=True)
class InstallLockedError(ExplainedError):
    """A package manager with a lock file failed; its whole output stands in the log."""

    manager: Literal["Pipenv", "Poetry", "uv"]
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give the package manager's own words, and what to do about those that are known."""
        lock, command = {
            "Pipenv": ("Pipfile.lock", "pipenv lock"),
            "Poetry": ("poetry.lock", "poetry lock"),
            "uv": ("uv.lock", "uv lock"),
        }[self.manager]
        text = "\n".join(self.last_lines)
        hints = []
        if any(sign in text for sign in _LOCK_OUT_OF_DATE):
            hints.append(f"Run '{command}' in the app's directory, and commit {lock}.")
        if any(sign in text for sign in _OTHER_PYTHON):
            hints.append("Make the project and .python-version ask for the same Python.")
        return Explanation(
            what=f"{self.manager} couldn't install the locked dependencies",
            why=f"{self.manager}'s own message is above",
            fix=(*hints, *_build_hints(text)) or (f"Read {self.manager}'s last lines: they name what failed.",),
        )


@dataclass(eq=False, kw_only=True)
class NltkError(ExplainedError):
    """NLTK's downloader failed."""

    packages: tuple[str, ...]
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the packages and give NLTK's words."""
        return Explanation(
            what=f"Couldn't download data for NLTK: {', '.join(self.packages)}",
            why="\n".join(self.last_lines) or "NLTK's downloader printed nothing.",
            fix=(
                "Check the names in nltk.txt: one a line, as in NLTK's index.",
                "If the build's network has a mirror of NLTK's index, name it: OFFRAMP_NLTK_INDEX.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class DjangoHelpError(ExplainedError):
    """Django could not be asked for its commands."""

    script: str
    last_lines: tuple[str, ...]

    def explain(self) -> Explanation:
        """Give Django's last words, and what they mostly mean."""
        return Explanation(
            what=f"Couldn't ask Django for its commands: 'python {self.script} help collectstatic'",
            why="\n".join(self.last_lines),
            fix=(
                "If a variable is missing, pass it to the build ('offramp build --env NAME=value'), or default it.",
                f"Run 'python {self.script} check' in the app's directory: it shows the same problem.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class CollectStaticError(ExplainedError):
    """Django's collectstatic failed; its whole output stands in the log."""

    command: str
    last_lines: tuple[str, ...]
    can_be_disabled: bool

    def explain(self) -> Explanation:
        """Give Django's last words, and the ways out."""
        disable = "If the app has no static files, set DISABLE_COLLECTSTATIC=1 for the build."
        return Explanation(
            what=f"Collecting Django's static files failed: '{self.command}'",
            why="\n".join(self.last_lines),
            fix=(
                "If a variable is missing, pass it to the build ('offramp build --env NAME=value'), or default it.",
                "Check that STATIC_ROOT is set, and that 'django.contrib.staticfiles' is in INSTALLED_APPS.",
                *((disable,) if self.can_be_disabled else ()),
            ),
        )


# What package managers say when their lock file is older than their project file, or when the project wants another
# Python.
_LOCK_OUT_OF_DATE = ("needs to be updated", "since poetry.lock was last generated", "is out-of-date")
_OTHER_PYTHON = (
    "is not allowed by the project",
    "but you are using",
    "incompatible with the project's Python requirement",
)


def _ask_for(version: str, origin: str) -> str:
    """Say how an app asks for another version, where it now asks for one."""
    match origin:
        case "Pipfile.lock":
            return f"Put 'python_version = \"{version}\"' under [requires] in Pipfile, and run 'pipenv lock'."
        case ".python-version":
            return f"Change {origin} to '{version}'."
        case "runtime.txt":
            return f"Delete runtime.txt, and put '{version}' into a file named .python-version."
        case _:
            return f"Put '{version}' into a file named .python-version."


def _build_hints(text: str) -> tuple[str, ...]:
    hints = (
        ("sqlite3.h", "Remove pysqlite3: Python brings the module 'sqlite3' along."),
        ("gdal-config", "Add the system packages of GDAL with an Aptfile: gdal-bin and libgdal-dev."),
    )
    return tuple(hint for sign, hint in hints if sign in text)


def _pip_hints(text: str) -> tuple[str, ...]:
    hints = (
        (
            "has invalid metadata",
            "Move to a newer release of that package: pip refuses its metadata since version 24.1.",
        ),
        (
            "No matching distribution found",
            "Check the name and version in requirements.txt: there is no such package for this Python.",
        ),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES",
            "Update the hashes in requirements.txt once you know why they differ.",
        ),
    )
    # The first that applies is the reason; pip then goes on to say what follows from it.
    return (*[hint for sign, hint in hints if sign in text][:1], *_build_hints(text))
