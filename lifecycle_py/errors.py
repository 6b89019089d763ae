"""The errors of the phases: what can go wrong while an app is built, each with its text.

ExplainedError
├── UnsafeLinkError          a buildpack's file leads out of its directory
├── BuildpackMissingError    the order names a buildpack that is not there
├── OrderCycleError          composite buildpacks contain each other
├── NothingDetectedError     no group of the order passed (20), or one errored (21)
├── BuildpackFailedError     a buildpack's bin/build failed (51)
├── BuildpackOutputError     a buildpack wrote something the specification forbids
├── LayerNotReusableError    a layer was to be reused that the previous image does not have
├── RunImageUnreadableError  none of a run image's names can be read
├── RunImageMissingError     no run image was named, and there is no list to choose from
├── RegistriesDifferError    an image was to be written to several registries
├── NotRebasableError        an image cannot, or may not, be put on another base
├── ProcessNotFoundError     a process type was asked for that the app does not have
│   └── DefaultProcessError  the default process asked for does not exist
├── ProgramNotStartedError   a buildpack's program is not there or not executable
├── GenerateFailedError      an extension's bin/generate failed (91)
├── ExtensionOutputError     an extension left something the specification forbids (92)
├── ExtendFailedError        a Dockerfile of an extension could not be applied (102)
├── RootUserError            extensions leave the run image with root as its user (102)
├── ExtensionsUnsupportedError  the group has extensions, which a build in one process cannot apply here
├── InvalidArgumentError     the command line of a phase is wrong
├── ExperimentalFeatureError  an experimental feature was asked for and not allowed
└── PrivilegeError           a phase has the wrong user, or may not become the right one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lifecycle_py.spec.errors import ExplainedError, Explanation, nearest


@dataclass(eq=False, kw_only=True)
class UnsafeLinkError(ExplainedError):
    """A file a buildpack wrote is, or lies behind, a link that leads out of its directory."""

    path: str
    root: str
    exit_code: ClassVar[int] = 52

    def explain(self) -> Explanation:
        """Name the path and the directory it has to stay in."""
        return Explanation(
            what=f"'{self.path}' leads out of '{self.root}'",
            why="a buildpack's files must not make the lifecycle read files of the host",
            fix=(f"Write a regular file to '{self.path}', or link inside '{self.root}' only.",),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackMissingError(ExplainedError):
    """The order names a buildpack that is not in the buildpacks directory."""

    buildpack: str
    known: tuple[str, ...]
    exit_code: ClassVar[int] = 22

    def explain(self) -> Explanation:
        """Name the buildpack and the nearest one."""
        close = nearest(self.buildpack, self.known)
        return Explanation(
            what=f"The order names buildpack '{self.buildpack}', which is not there",
            why=f"there are {', '.join(self.known) or 'no buildpacks'}",
            fix=(f"Did you mean '{close}'?",) if close else (),
        )


@dataclass(eq=False, kw_only=True)
class OrderCycleError(ExplainedError):
    """Composite buildpacks contain each other. ``chain`` leads from one back to itself."""

    chain: tuple[str, ...]
    exit_code: ClassVar[int] = 22

    def explain(self) -> Explanation:
        """Show the circle."""
        return Explanation(
            what="The order of buildpacks never ends",
            why=" → ".join(self.chain),
            fix=("Remove one of these composite buildpacks from another's order.",),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why a buildpack did not take part: ``verdict`` in a few words, ``output`` as it printed."""

    buildpack: str
    verdict: str
    output: str
    errored: bool = False


@dataclass(eq=False, kw_only=True)
class NothingDetectedError(ExplainedError):
    """No group passed. ``refusals`` has what each buildpack said, ``groups`` why each group failed."""

    refusals: tuple[Refusal, ...]
    groups: tuple[str, ...]

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """Give 21 when a buildpack broke, 20 when all worked but none wanted the app."""
        return 21 if any(refusal.errored for refusal in self.refusals) else 20

    def explain(self) -> Explanation:
        """Say what each buildpack looked for."""
        broke = [refusal.buildpack for refusal in self.refusals if refusal.errored]
        what = (
            f"No group of buildpacks passed, and detection broke in {', '.join(broke)}"
            if broke
            else "No buildpack recognises this app"
        )
        lines = [f"{refusal.buildpack}: {refusal.verdict}{_indented(refusal.output)}" for refusal in self.refusals]
        return Explanation(
            what=what,
            why="\n".join([*lines, *self.groups]),
            fix=(
                "Check that the directory given is the root of the app, where Heroku would find its files.",
                "Name a buildpack with --buildpack if the right one is not in this list.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackFailedError(ExplainedError):
    """A buildpack's bin/build ended with an error; its own output has said why."""

    buildpack: str
    status: str
    exit_code: ClassVar[int] = 51

    def explain(self) -> Explanation:
        """Name the buildpack."""
        return Explanation(
            what=f"Buildpack '{self.buildpack}' failed to build the app ({self.status})",
            why="its own message is above",
        )


@dataclass(eq=False, kw_only=True)
class BuildpackOutputError(ExplainedError):
    """A buildpack left something the specification forbids."""

    buildpack: str
    problem: str
    exit_code: ClassVar[int] = 52

    def explain(self) -> Explanation:
        """Name the buildpack and the rule."""
        return Explanation(what=f"Buildpack '{self.buildpack}' left invalid output", why=self.problem)


@dataclass(eq=False, kw_only=True)
class LayerNotReusableError(ExplainedError):
    """A launch layer has metadata but no contents, and the previous image has no such layer."""

    buildpack: str
    layer: str
    exit_code: ClassVar[int] = 62

    def explain(self) -> Explanation:
        """Name the layer."""
        return Explanation(
            what=f"Layer '{self.layer}' of buildpack '{self.buildpack}' has no contents",
            why="it would be taken from the previous image, which has none of that name (a cached one needs contents)",
            fix=("Build again with --no-cache, which makes every layer anew.",),
        )


@dataclass(eq=False, kw_only=True)
class RunImageUnreadableError(ExplainedError):
    """None of a run image's names can be read."""

    images: tuple[str, ...]

    def explain(self) -> Explanation:
        """List the names."""
        return Explanation(
            what="failed to find accessible run image",
            why=f"looked for {', '.join(self.images)}",
            fix=("Check the names in run.toml, and the credentials for their registries.",),
        )


@dataclass(eq=False, kw_only=True)
class RunImageMissingError(ExplainedError):
    """No run image was named. ``file`` is where a list of them was looked for."""

    file: str

    def explain(self) -> Explanation:
        """Name the flag."""
        return Explanation(
            what="-run-image is required when there is no run metadata available",
            why=f"{self.file} names no run image",
            fix=("Give -run-image, or a list of run images.",),
        )


@dataclass(eq=False, kw_only=True)
class RegistriesDifferError(ExplainedError):
    """An image was to be written to several registries at once."""

    registries: tuple[str, ...]
    exit_code: ClassVar[int] = 3

    def explain(self) -> Explanation:
        """List the registries."""
        return Explanation(
            what="writing to multiple registries is unsupported",
            why=f"the names given are on {', '.join(self.registries)}",
            fix=("Export to one registry, and copy the image to the others.",),
        )


@dataclass(eq=False, kw_only=True)
class NotRebasableError(ExplainedError):
    """An image cannot be put on another base, or only with ``-force``."""

    image: str
    problem: str
    force_helps: bool
    exit_code: ClassVar[int] = 72

    def explain(self) -> Explanation:
        """Give the rule that is broken."""
        fix = (
            "Build the app again: a rebase is safe only between versions of the same base.",
            "Or rebase with -force (offramp: --force) if you know that the app runs on the new base.",
        )
        return Explanation(
            what=f"Cannot rebase '{self.image}'", why=self.problem, fix=fix if self.force_helps else fix[:1]
        )


@dataclass(eq=False, kw_only=True)
class ProcessNotFoundError(ExplainedError):
    """A process type was asked for that the app does not have."""

    process: str
    known: Sequence[str]

    def explain(self) -> Explanation:
        """List the process types."""
        close = nearest(self.process, tuple(self.known))
        return Explanation(
            what=f"There is no process '{self.process}'",
            why=f"the image has {', '.join(self.known)}" if self.known else "the image has no processes",
            fix=(f"Did you mean '{close}'?",) if close else (),
        )


@dataclass(eq=False, kw_only=True)
class DefaultProcessError(ProcessNotFoundError):
    """The default process asked for does not exist, so there is nothing to export."""

    exit_code: ClassVar[int] = 62


@dataclass(eq=False, kw_only=True)
class ProgramNotStartedError(ExplainedError):
    """A buildpack's program is not there or not executable."""

    program: str
    problem: str
    exit_code: ClassVar[int] = 52

    def explain(self) -> Explanation:
        """Name the program."""
        return Explanation(
            what=f"Cannot start '{self.program}'",
            why=self.problem,
            fix=("Check that the buildpack has this file, and that it is executable (chmod +x).",),
        )


@dataclass(eq=False, kw_only=True)
class GenerateFailedError(ExplainedError):
    """An extension's bin/generate ended with an error; its own output has said why."""

    extension: str
    status: str
    exit_code: ClassVar[int] = 91

    def explain(self) -> Explanation:
        """Name the extension."""
        return Explanation(
            what=f"Extension '{self.extension}' failed to generate its Dockerfiles ({self.status})",
            why="its own message is above",
        )


@dataclass(eq=False, kw_only=True)
class ExtensionOutputError(ExplainedError):
    """An extension left something the specification forbids."""

    extension: str
    problem: str
    exit_code: ClassVar[int] = 92

    def explain(self) -> Explanation:
        """Name the extension and the rule."""
        return Explanation(what=f"Extension '{self.extension}' left invalid output", why=self.problem)


@dataclass(eq=False, kw_only=True)
class ExtendFailedError(ExplainedError):
    """An instruction of a generated Dockerfile failed. ``place`` is file and line, ``instruction`` as it reads."""

    place: str
    instruction: str
    problem: str
    exit_code: ClassVar[int] = 102

    def explain(self) -> Explanation:
        """Name the instruction."""
        return Explanation(what=f"{self.place} failed: {self.instruction}", why=self.problem)


@dataclass(eq=False, kw_only=True)
class RootUserError(ExplainedError):
    """After all extensions the run image's user is root."""

    extension: str
    exit_code: ClassVar[int] = 102

    def explain(self) -> Explanation:
        """Name the last extension that set it."""
        return Explanation(
            what="Extensions leave the run image with root as its user",
            why=f"'{self.extension}' set it last; an app must not run as root",
            fix=("End its run.Dockerfile with 'ARG user_id' and 'USER ${user_id}'.",),
        )


@dataclass(eq=False, kw_only=True)
class ExtensionsUnsupportedError(ExplainedError):
    """The detected group has extensions, and whoever runs this build cannot change images."""

    extensions: tuple[str, ...]

    def explain(self) -> Explanation:
        """Name the extensions and the way that works."""
        return Explanation(
            what="This build cannot apply image extensions",
            why=f"the detected group has {', '.join(self.extensions)}",
            fix=("Run the phases one by one, with the extender after the restorer; or use 'offramp build'.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidArgumentError(ExplainedError):
    """The command line of a phase is wrong."""

    problem: str
    suggestion: str | None = None
    exit_code: ClassVar[int] = 3

    def explain(self) -> Explanation:
        """Give the problem in the reference's words."""
        return Explanation(
            what="failed to parse arguments",
            why=self.problem,
            fix=(f"Did you mean '{self.suggestion}'?",) if self.suggestion else (),
        )


def _indented(output: str) -> str:
    return "".join(f"\n    {line}" for line in output.splitlines())


@dataclass(eq=False, kw_only=True)
class ExperimentalFeatureError(ExplainedError):
    """An experimental feature was asked for, and the platform did not allow such."""

    feature: str

    def explain(self) -> Explanation:
        """Name the variable that allows it."""
        return Explanation(
            what=f"Platform requested experimental feature '{self.feature}'",
            why="experimental features are disabled by CNB_EXPERIMENTAL_MODE=error",
            fix=("Set CNB_EXPERIMENTAL_MODE to 'warn' or 'quiet'.",),
        )


@dataclass(eq=False, kw_only=True)
class PrivilegeError(ExplainedError):
    """A phase has the wrong user, or may not become ``user`` (empty: must only not be root)."""

    phase: str
    problem: str
    user: str

    def explain(self) -> Explanation:
        """Say who has to run it."""
        if self.user:
            what, fix = f"failed to exec as user {self.user}", "Run this phase as root, or as that user."
        else:
            what, fix = f"failed to {self.phase}", "Run this phase as the user of the build image (CNB_USER_ID)."
        return Explanation(what=what, why=self.problem, fix=(fix,))
