"""Every error of package builder, with its text.

ExplainedError
├── SandboxUnavailableError     this host cannot open a sandbox
├── IdRangeError                this host gives no range of user ids for extending images
├── InvalidSandboxOwnerError    OFFRAMP_SANDBOX_OWNER is not uid:gid
├── StackToolsError             base images cannot be made on this host
├── MakeBaseImageError          mmdebstrap failed
├── StackNotFoundError          there is no stack of that name
├── RegistryHostError           a setting of registries holds something that is no host
├── DigestUnknownError          an image of a Docker daemon has no digest a cluster could pull it by
├── AppMissingError             there is no app directory
├── AppUnreadableError          a file of the app cannot be read
├── GitUnusableError            git cannot say which files belong to the app
├── WorkspaceError              --workspace is no place an app can be at
├── InvalidEpochError           SOURCE_DATE_EPOCH is no point in time
├── InvalidSizeError            a limit for what is kept is no size
├── InvalidAgeError             a limit for what is kept is no age
├── UnwritableTargetError       a file the build is to write cannot be written
├── NoProcessError              the image has nothing to run
├── UnsafeImageError            an image would show the host's files
├── ImageNameNeededError        a layout has several images, and none was named
├── SlugignoreError             .slugignore negates a pattern
├── BuildpackNotFoundError      a list of buildpacks names one there is not
├── BuildpackVersionError       … one in a version that the builder does not have
├── BuildpackOutsideError       … in a file of the app, one that such a file may not name
├── BuildpackTwiceError         … two of the same id
├── NotABuildpackError          … something that is none
├── UnpinnedBuildpackError      … an archive without its digest
├── BuildpackRepositoryError    … a repository that git cannot get
├── AppJsonError                app.json cannot be read
├── InvalidVariableError        --env or --env-file has no variable there
├── InvalidReferenceError       an image name is malformed
├── OutputTargetError           -o names no place an image can be written to
├── AttestationsTargetError     --attestations where nothing can be attached
├── PortInUseError              another program listens on the port of a run
├── NumericUserError            an image's user is a name where a number is needed
├── InvalidAppNameError         an app's name cannot begin the names of its objects
├── ProcessNameCollisionError   two process types would get the same name
├── ForeignImageError           no buildpack made the image
├── NothingToRunError           the image has no process to keep running
├── RootUserError               the image runs as root
├── QuantityError               a clock process is to run twice
├── ScaleSyntaxError            --scale is not TYPE=NUMBER
├── PullReferenceError          --image is no image reference
├── KubernetesVersionError      --kubernetes-version is no supported version
├── InvalidPlanError            a document is no plan
├── NotOurFileError             a file to write belongs to somebody else
└── OutputDirectoryError        the output directory cannot be written to
ProgramNotStartedError
└── CommandNotStartedError      a sandbox could not start a command
ProcessNotFoundError
└── RunProcessError             an image to run has no such process
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lifecycle_py.errors import ProcessNotFoundError, ProgramNotStartedError
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
            fix=(*fix, "'offramp doctor' says what else matters on this host."),
        )


@dataclass(eq=False, kw_only=True)
class CommandNotStartedError(ProgramNotStartedError):
    """A sandbox could not start a command; ``problem`` holds bubblewrap's words."""

    def explain(self) -> Explanation:
        """Name the program."""
        return Explanation(what=f"Cannot start '{self.program}' in the sandbox", why=self.problem)


@dataclass(eq=False, kw_only=True)
class IdRangeError(ExplainedError):
    """Commands of extensions need to be root over an image's files, which takes a range of user ids."""

    problem: str
    exit_code: ClassVar[int] = 102

    def explain(self) -> Explanation:
        """Say how a host gives one."""
        return Explanation(
            what="This host gives no range of user ids, so extensions cannot change images here",
            why=self.problem,
            fix=(
                "Install util-linux and, for ordinary users, uidmap: sudo apt-get install util-linux uidmap",
                "Give your user a range: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER",
            ),
        )


@dataclass(eq=False, kw_only=True)
class InvalidSandboxOwnerError(ExplainedError):
    """The configured owner of sandbox processes is malformed, or root."""

    value: str

    def explain(self) -> Explanation:
        """Quote the value and its form."""
        return Explanation(
            what=f"OFFRAMP_SANDBOX_OWNER is '{self.value}'",
            why="it must be two numbers above zero, 'uid:gid'",
            fix=("Set it to an unprivileged user and group, for example OFFRAMP_SANDBOX_OWNER=60900:60900.",),
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
                "Elsewhere: make them on a Debian or Ubuntu machine, and copy its store (OFFRAMP_DATA) here.",
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
class GitUnusableError(ExplainedError):
    """The app is in a git work tree, and git cannot list its files."""

    app: Path
    problem: str

    def explain(self) -> Explanation:
        """Quote git, and say why nothing is guessed."""
        return Explanation(
            what=f"Cannot tell which files of '{self.app}' belong to the app",
            why=f"git says: {self.problem}\nIgnored files stay out of an image, and only git knows which those are.",
            fix=("Mend the repository ('git status' shows the same), or build a copy of the app without its .git.",),
        )


@dataclass(eq=False, kw_only=True)
class WorkspaceError(ExplainedError):
    """``--workspace`` cannot hold an app."""

    workspace: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Give the rule."""
        return Explanation(
            what=f"The app cannot be at '{self.workspace}'",
            why="it has to be /app or /workspace, where base images have a place for it",
            fix=("Leave --workspace out: /app is where Heroku has it.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidEpochError(ExplainedError):
    """``SOURCE_DATE_EPOCH`` is malformed, or beyond every calendar."""

    value: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the value."""
        return Explanation(
            what=f"SOURCE_DATE_EPOCH is '{self.value}'",
            why="it has to be a whole number of seconds since 1970, before the year 10000",
            fix=("Unset it for the usual 1980-01-01, or take a commit's time: git log -1 --format=%ct",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidSizeError(ExplainedError):
    """A size is malformed; ``name`` is the option or variable it was given by."""

    name: str
    value: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the value."""
        return Explanation(
            what=f"{self.name} is '{self.value}'",
            why="it has to be a size in bytes, or in kB, MB, GB or TB (kiB, MiB, GiB, TiB for powers of 1024)",
            fix=("Write, for example, 20GB.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidAgeError(ExplainedError):
    """An age is malformed; ``name`` is the option it was given by."""

    name: str
    value: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the value."""
        return Explanation(
            what=f"{self.name} is '{self.value}'",
            why="it has to be a number with s, m, h, d or w",
            fix=("Write, for example, 30d for thirty days.",),
        )


@dataclass(eq=False, kw_only=True)
class UnwritableTargetError(ExplainedError):
    """A file that the build is to write has no directory, or one that is closed."""

    file: Path
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the file."""
        return Explanation(
            what=f"Cannot write '{self.file}'",
            why=f"'{self.file.parent}' is no directory that can be written to",
            fix=("Make the directory first, or name another file.",),
        )


@dataclass(eq=False, kw_only=True)
class NoProcessError(ExplainedError):
    """An image has no process, and none was named."""

    image: str

    def explain(self) -> Explanation:
        """Say how an app gets processes."""
        return Explanation(
            what=f"'{self.image}' has no process to run",
            why="the app has no Procfile, so nothing says how it is started",
            fix=(
                "Add a file 'Procfile' with a line such as 'web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT', and build.",
                f"Or run a command of your own: offramp run {self.image} -- COMMAND",
            ),
        )


@dataclass(eq=False, kw_only=True)
class UnsafeImageError(ExplainedError):
    """An image's directory is a link, or its working directory leads out of it."""

    path: str

    def explain(self) -> Explanation:
        """Name the path."""
        return Explanation(
            what=f"Refusing to run this image: '{self.path}' is no plain directory in it",
            why="a link there would show files of this machine to the app",
        )


@dataclass(eq=False, kw_only=True)
class ImageNameNeededError(ExplainedError):
    """A layout holds several images, and none was named."""

    layout: str
    names: tuple[str, ...]
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """List them."""
        return Explanation(
            what=f"'oci:{self.layout}' holds {len(self.names)} images",
            why=", ".join(self.names),
            fix=(f"Name one: oci:{self.layout}:{self.names[0]}",),
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
    """A list of buildpacks names one there is not.

    ``also_known`` are Heroku's names for what there is; ``stands_for`` is Heroku's buildpack that ours would replace.
    """

    name: str
    known: tuple[str, ...]
    place: str
    also_known: tuple[str, ...] = ()
    stands_for: str = ""
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the nearest buildpack."""
        has = f"the builder has {', '.join(self.known)}"
        if self.stands_for:
            return Explanation(
                what=f"There is nothing here that replaces '{self.name}'",
                why=f"{self.place} asks for Heroku's buildpack, and {has}",
                fix=(f"Use a builder that has one, or name a buildpack's directory or address in {self.place}.",),
            )
        close = nearest(self.name, (*self.known, *self.also_known))
        return Explanation(
            what=f"There is no buildpack '{self.name}'",
            why=f"{self.place} asks for it; it is no buildpack's directory or archive, and {has}",
            fix=(f"Did you mean '{close}'?",) if close else (),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackVersionError(ExplainedError):
    """A list of buildpacks asks for another version than the builder has."""

    name: str
    version: str
    known: str
    place: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Give both versions."""
        return Explanation(
            what=f"There is no {self.name} {self.version}",
            why=f"{self.place} asks for it, and the builder has {self.known}",
            fix=("Leave the version out to use the builder's, or name a buildpack's directory or address.",),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackOutsideError(ExplainedError):
    """A file of the app names a buildpack on this machine, or by an address without TLS."""

    name: str
    place: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Say what a file of the app may name, and who may name more."""
        return Explanation(
            what=f"{self.place} may not name '{self.name}'",
            why="an app's files may name what is inside of the app, and https:// addresses",
            fix=(f"If you trust it, name it yourself: offramp build --buildpack {self.name}",),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackTwiceError(ExplainedError):
    """Two entries of a list are buildpacks of the same id."""

    id: str
    first: str
    second: str
    places: tuple[str, str]
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name both entries."""
        return Explanation(
            what=f"Two buildpacks of the list are '{self.id}'",
            why=f"'{self.first}' ({self.places[0]}) and '{self.second}' ({self.places[1]}) would share their layers",
            fix=("Remove one of them; if they are two classic buildpacks, give one's directory another name.",),
        )


@dataclass(eq=False, kw_only=True)
class NotABuildpackError(ExplainedError):
    """What a list of buildpacks names is there, and is no buildpack."""

    name: str
    place: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Say what was looked for."""
        return Explanation(
            what=f"'{self.name}' is no buildpack",
            why=f"{self.place} names it, but it has neither a buildpack.toml nor a bin/compile as Heroku's have",
        )


@dataclass(eq=False, kw_only=True)
class UnpinnedBuildpackError(ExplainedError):
    """An archive's address comes without its digest."""

    url: str
    place: str
    sha256: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Give the digest to add."""
        return Explanation(
            what=f"{self.place} does not say which '{self.url}' it means",
            why="nothing is unpacked or run before its digest was checked, and the address names none",
            fix=(f"If this is the archive you expect, write {self.url}#sha256={self.sha256}",),
        )


@dataclass(eq=False, kw_only=True)
class BuildpackRepositoryError(ExplainedError):
    """Git cannot get a buildpack's repository."""

    url: str
    place: str
    problem: str

    def explain(self) -> Explanation:
        """Give git's words."""
        return Explanation(
            what=f"Cannot get the buildpack '{self.url}'",
            why=f"{self.place} names it; git says: {self.problem}",
            fix=("Check the address and what follows its '#': a commit, a branch or a tag.",),
        )


@dataclass(eq=False, kw_only=True)
class AppJsonError(ExplainedError):
    """app.json cannot be read, or its buildpacks cannot."""

    line: int
    problem: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Name the line."""
        return Explanation(
            what=f"app.json:{self.line} cannot be used",
            why=self.problem,
            fix=('Its form is: {"buildpacks": [{"url": "heroku/python"}]}',),
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
            fix=(
                "Use NAME or NAME:TAG in lower case, such as 'shop' or 'team/shop:1.4'.",
                "Or say where it is: oci:DIRECTORY, docker://HOST/NAME or docker-daemon:NAME.",
            ),
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
class RegistryHostError(ExplainedError):
    """A setting of registries holds something that is no host."""

    text: str
    setting: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote it and give the form."""
        form = "HOST[:PORT]" if self.setting.startswith("--") else "HOST[:PORT]=MIRROR[:PORT], several joined by ','"
        return Explanation(
            what=f"{self.setting} cannot be '{self.text}'",
            why="a registry is named by its host alone, without scheme and path",
            fix=(f"Write it as {form}.",),
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
class RunProcessError(ProcessNotFoundError):
    """An image to run has no such process."""

    def explain(self) -> Explanation:
        """Name the nearest, or how a command of one's own is written."""
        told = super().explain()
        own = f"A command of your own comes after two dashes: offramp run IMAGE -- {self.process} …"
        return Explanation(what=told.what, why=told.why, fix=told.fix or (own,))


@dataclass(eq=False, kw_only=True)
class AttestationsTargetError(ExplainedError):
    """Attestations are wanted on an image that goes where nothing can be attached to it."""

    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Say where they can be."""
        return Explanation(
            what="Nothing can be attached to an image in a Docker daemon",
            why="it keeps images, and nothing beside them",
            fix=("Leave --attestations out, or choose --push, the local store or -o oci:DIR.",),
        )


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


# --- translate -------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class InvalidAppNameError(ExplainedError):
    """An app's name cannot begin the names of its objects."""

    name: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote the name and give the rule."""
        return Explanation(
            what=f"'{self.name}' cannot be the name of an app",
            why="object names begin with it: lower-case letters, digits and '-', a letter first, at most 63 of them",
            fix=("Choose another one: --app NAME",),
        )


@dataclass(eq=False, kw_only=True)
class ProcessNameCollisionError(ExplainedError):
    """Two process types would get objects of the same name."""

    first: str
    second: str
    name: str

    def explain(self) -> Explanation:
        """Name both process types."""
        return Explanation(
            what=f"Process types '{self.first}' and '{self.second}' would both be named '{self.name}'",
            why="names of Kubernetes objects know neither upper case nor '_' nor '.'",
            fix=(f"Rename '{self.first}' or '{self.second}' in the Procfile and build again.",),
        )


@dataclass(eq=False, kw_only=True)
class ForeignImageError(ExplainedError):
    """An image does not say what it runs, since no buildpack made it."""

    reference: str
    label: str

    def explain(self) -> Explanation:
        """Name the label that is missing."""
        return Explanation(
            what=f"'{self.reference}' was not made by buildpacks",
            why=f"it has no label '{self.label}', which lists the processes of an app",
            fix=("Translate an image made by 'offramp build', 'pack build' or another buildpacks platform.",),
        )


@dataclass(eq=False, kw_only=True)
class NothingToRunError(ExplainedError):
    """An image has nothing to keep running. ``processes`` are the types it has."""

    reference: str
    processes: tuple[str, ...]

    def explain(self) -> Explanation:
        """List what the image does have."""
        why = (
            f"it has only {', '.join(self.processes)}, for starting by hand"
            if self.processes
            else "it has no processes"
        )
        return Explanation(
            what=f"There is nothing to run in '{self.reference}'",
            why=why,
            fix=("Add a line such as 'web: COMMAND' to the app's Procfile and build again.",),
        )


@dataclass(eq=False, kw_only=True)
class RootUserError(ExplainedError):
    """An image runs as root. ``user`` is what its config says; empty means root as well."""

    user: str

    def explain(self) -> Explanation:
        """Say that the cluster would refuse it."""
        says = f"its user is '{self.user}'" if self.user else "it names no user"
        return Explanation(
            what="The image runs as root",
            why=f"{says}; the Kubernetes objects ask for a user that is not root, so no pod of it would start",
            fix=("Build the app on a run image with a numeric user above 0, as 'offramp build' does.",),
        )


@dataclass(eq=False, kw_only=True)
class QuantityError(ExplainedError):
    """A clock process is to run more than once."""

    process: str
    quantity: int
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Say what would happen."""
        return Explanation(
            what=f"Process '{self.process}' cannot run {self.quantity} times",
            why="by its name it starts work by the time of day, and each of them would start all of it",
            fix=(f"Use --scale {self.process}=1, or rename the process if it is no clock.",),
        )


@dataclass(eq=False, kw_only=True)
class ScaleSyntaxError(ExplainedError):
    """``--scale`` is malformed."""

    text: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote it and give the form."""
        return Explanation(
            what=f"Cannot read --scale '{self.text}'",
            why="it has to be a process type and a number",
            fix=("Write it as for 'heroku ps:scale': --scale worker=2",),
        )


@dataclass(eq=False, kw_only=True)
class PullReferenceError(ExplainedError):
    """``--image`` is no reference that a cluster could pull."""

    reference: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote it and give the form."""
        return Explanation(
            what=f"'{self.reference}' is not an image reference",
            why="a cluster pulls by HOST/REPOSITORY in lower case, and by a digest of 64 hexadecimal digits if given",
            fix=("Write it like registry.example.com/team/shop; the image's digest is added.",),
        )


@dataclass(eq=False, kw_only=True)
class DigestUnknownError(ExplainedError):
    """An image of a Docker daemon has no digest that a cluster could pull it by."""

    image: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Say how to get one."""
        return Explanation(
            what=f"'{self.image}' has no digest that a cluster could pull it by",
            why="a Docker daemon knows images by their configuration; they get a digest when they are pushed",
            fix=(
                "Push it, 'docker push HOST/REPO', and translate docker://HOST/REPO.",
                "Or name what the cluster pulls by its digest: --image HOST/REPO@sha256:DIGEST.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class KubernetesVersionError(ExplainedError):
    """``--kubernetes-version`` is malformed or too old."""

    text: str
    problem: str
    oldest: str
    exit_code: ClassVar[int] = 2

    def explain(self) -> Explanation:
        """Quote it and name the oldest."""
        return Explanation(
            what=f"Cannot write objects for Kubernetes '{self.text}'",
            why=self.problem,
            fix=(f"Name a version from {self.oldest} on; 'kubectl version' shows the cluster's.",),
        )


@dataclass(eq=False, kw_only=True)
class InvalidPlanError(ExplainedError):
    """A document is no plan, or one of another version."""

    problem: str

    def explain(self) -> Explanation:
        """Give the problem."""
        return Explanation(
            what="This is no plan that can be read",
            why=self.problem,
            fix=("Write it again: offramp translate IMAGE --format plan",),
        )


@dataclass(eq=False, kw_only=True)
class NotOurFileError(ExplainedError):
    """Files that would be written are there, and Offramp did not write them for this app."""

    files: tuple[Path, ...]
    app: str

    def explain(self) -> Explanation:
        """Name every file."""
        names = "\n".join(str(file) for file in self.files)
        return Explanation(
            what=f"Refusing to overwrite {'files' if len(self.files) > 1 else 'a file'} of somebody else",
            why=f"Offramp did not write this for app '{self.app}':\n{names}",
            fix=("Choose another directory with -o, or move the files away. Nothing was written.",),
        )


@dataclass(eq=False, kw_only=True)
class OutputDirectoryError(ExplainedError):
    """The directory cannot be written to."""

    directory: Path
    problem: str

    def explain(self) -> Explanation:
        """Name the directory and give the operating system's words."""
        return Explanation(
            what=f"Cannot write to '{self.directory}'",
            why=self.problem,
            fix=("Choose another directory with -o.",),
        )
