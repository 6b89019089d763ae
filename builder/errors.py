"""Every error of package builder, with its text.

ExplainedError
├── SandboxUnavailableError     this host cannot open a sandbox
├── CommandNotStartedError      a sandbox could not start a command
├── InvalidSandboxOwnerError    OFFRAMP_SANDBOX_OWNER is not uid:gid
├── StackToolsError             base images cannot be made on this host
└── MakeBaseImageError          mmdebstrap failed
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source, nearest

# --- sandbox ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class SandboxUnavailableError(ExplainedError):
    """This host cannot open a sandbox. ``reasons`` are the findings that stand in the way."""

    reasons: tuple[Explanation, ...]
    problem: str

    def explain(self) -> Explanation:
        """Join the reasons and their remedies; without any, quote bubblewrap."""
        reasons = "; ".join(f"{reason.what}: {reason.why}" for reason in self.reasons)
        fix = tuple(dict.fromkeys(step for reason in self.reasons for step in reason.fix))
        return Explanation(
            what="Cannot open a sandbox on this host",
            why=reasons or f"bubblewrap says '{self.problem}'",
            fix=(*fix, "Or build with '--executor docker' where there is a Docker daemon; 'offramp doctor' says more."),
        )


@dataclass(eq=False, kw_only=True)
class CommandNotStartedError(ExplainedError):
    """A sandbox could not start a command; ``problem`` holds bubblewrap's words."""

    program: str
    problem: str

    def explain(self) -> Explanation:
        """Name the program."""
        return Explanation(what=f"Cannot start '{self.program}' in the sandbox", why=self.problem)


@dataclass(eq=False, kw_only=True)
class InvalidSandboxOwnerError(ExplainedError):
    """The configured owner of sandbox processes is malformed, or root."""

    value: str

    def explain(self) -> Explanation:
        """Quote the value and its form."""
        return Explanation(
            what=f"OFFRAMP_SANDBOX_OWNER is '{self.value}'",
            why="it must be two numbers above zero, 'uid:gid'",
            fix=("Set it to an unprivileged user and group, for example OFFRAMP_SANDBOX_OWNER=1000:1000.",),
        )


# --- base images -----------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class StackToolsError(ExplainedError):
    """Programs that base images are made with are missing on this host."""

    missing: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the Debian packages that have them."""
        package = {"newuidmap": "uidmap", "apt-get": "apt"}
        packages = " ".join(package.get(program, program) for program in self.missing)
        return Explanation(
            what="Cannot make base images on this host",
            why=f"not installed: {', '.join(self.missing)}",
            fix=(
                f"On Debian or Ubuntu: sudo apt-get install {packages}",
                "Elsewhere: name images from a registry with '--builder' and '--run-image'.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class MakeBaseImageError(ExplainedError):
    """mmdebstrap failed; ``last_lines`` are its last words."""

    image: str
    status: int
    last_lines: tuple[str, ...]
    source: ClassVar[Source] = Source.NETWORK

    def explain(self) -> Explanation:
        """Quote its last words, which name the package or the mirror."""
        return Explanation(
            what=f"Cannot make the {self.image}",
            why=f"mmdebstrap ended with exit code {self.status}:\n" + "\n".join(self.last_lines),
            fix=(
                "Check that the Debian mirror can be reached and that each package of stack.toml is in the suite.",
                "Name another mirror with OFFRAMP_DEBIAN_MIRROR.",
                "As an ordinary user: 'offramp doctor' says whether user namespaces and subordinate ids are there.",
            ),
        )


# --- build -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class AppMissingError(ExplainedError):
    """There is no app to build. ``near`` has the names beside the path."""

    path: Path
    problem: str
    near: tuple[str, ...] = ()
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the directory and the nearest one there is."""
        close = nearest(self.path.name, self.near)
        return Explanation(
            what=f"Cannot build '{self.path}'",
            why=self.problem,
            fix=(f"Did you mean '{self.path.parent / close}'?",)
            if close
            else ("Name the directory that holds the app's files, such as '.'.",),
        )


@dataclass(eq=False, kw_only=True)
class AppUnreadableError(ExplainedError):
    """A file of the app cannot be read."""

    file: Path
    problem: str

    def explain(self) -> Explanation:
        """Name the file."""
        return Explanation(
            what=f"Cannot read '{self.file}'",
            why=self.problem,
            fix=(f"Make it readable (chmod u+r), or leave it out with a line '{self.file.name}' in .slugignore.",),
        )


@dataclass(eq=False, kw_only=True)
class SlugignoreError(ExplainedError):
    """``.slugignore`` negates a pattern."""

    file: Path
    line: int
    text: str

    def explain(self) -> Explanation:
        """Quote the line."""
        return Explanation(
            what=f"{self.file}:{self.line}: '{self.text}' negates a pattern",
            why="Heroku's .slugignore has no negation, so this line has never had an effect there",
            fix=("Remove the line, or name what to leave out more narrowly.",),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackNotFoundError(ExplainedError):
    """``--buildpack`` names nothing there is."""

    name: str
    known: tuple[str, ...]
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the nearest buildpack."""
        close = nearest(self.name, self.known)
        return Explanation(
            what=f"There is no buildpack '{self.name}'",
            why=f"it is no directory with a buildpack.toml, and the builder has {', '.join(self.known)}",
            fix=(f"Did you mean '{close}'?",) if close else (),
        )


@dataclass(eq=False, kw_only=True)
class InvalidVariableError(ExplainedError):
    """A variable given on the command line or in a file is malformed or has no value anywhere."""

    text: str
    place: str
    problem: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the name, never a value: it may be a secret."""
        return Explanation(
            what=f"{self.place}: no variable can be read from '{self.text}'",
            why=self.problem,
            fix=("Write NAME=value, or NAME alone to pass on the variable of this shell.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidReferenceError(ExplainedError):
    """An image name is malformed."""

    reference: str
    problem: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the name and give the form."""
        return Explanation(
            what=f"'{self.reference}' is not an image name",
            why=self.problem,
            fix=("Use NAME or NAME:TAG in lower case, such as 'shop' or 'team/shop:1.4'; or oci:DIRECTORY.",),
        )


@dataclass(eq=False, kw_only=True)
class OutputTargetError(ExplainedError):
    """``-o`` names no place an image can be written to."""

    target: str
    problem: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the target and give the forms."""
        return Explanation(
            what=f"Cannot write an image to '{self.target}'",
            why=self.problem,
            fix=("Use oci:DIRECTORY or oci-archive:FILE.",),
        )


@dataclass(eq=False, kw_only=True)
class StackNotFoundError(ExplainedError):
    """There is no stack of that name."""

    name: str
    known: tuple[str, ...]
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the stacks there are."""
        return Explanation(
            what=f"There is no stack '{self.name}'",
            why=f"it is no directory with a stack.toml, and this installation has {', '.join(self.known)}",
        )


# --- run -------------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class PortInUseError(ExplainedError):
    """The port a web process was to listen on is not free."""

    port: int
    problem: str

    def explain(self) -> Explanation:
        """Name the port."""
        return Explanation(
            what=f"Cannot listen on port {self.port}",
            why=self.problem,
            fix=(f"Choose another one: --port {self.port + 1}",),
        )


@dataclass(eq=False, kw_only=True)
class NumericUserError(ExplainedError):
    """An image's user is a name."""

    user: str

    def explain(self) -> Explanation:
        """Quote the user."""
        return Explanation(
            what=f"The image's user is '{self.user}'",
            why="it has to be numeric ('1000:1000'), since the host and Kubernetes do not know the image's names",
            fix=("Build the image with 'offramp build', whose images have a numeric user.",),
        )
