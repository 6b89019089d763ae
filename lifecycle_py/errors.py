"""The errors of the lifecycle: what can go wrong in images, layers, caches and phases, each with its text.

ExplainedError
├── UnsafeLinkError          a buildpack's file leads out of its directory
├── FileChangedError         a file changed while it was put into a layer
├── LayerArchiveError        a layer's tar is damaged or forbidden
├── BlobCorruptError         a blob is not what its digest says
├── StoreError
│   ├── StoreUnusableError   the store cannot be read or written
│   ├── StoreCorruptError    the store's contents contradict themselves
│   ├── ImageNotFoundError   there is no image of that name
│   ├── RegistryReferenceError  a name does not follow the rules of registries
│   ├── PlatformMissingError  an image is not made for this platform
│   ├── CredentialsUnusableError  a place of credentials cannot be read
│   └── RegistryError
│       ├── RegistryUnreachableError  no connection: name, network or time
│       ├── RegistryTlsError  the certificate is not trusted, or not ours
│       ├── RegistryDeniedError  the credentials, or their lack, do not suffice (401, 403)
│       ├── RegistryRefusedError  the registry answered with another error
│       └── RegistryAnswerError  the registry's answer contradicts itself or its digest
├── CacheUnusableError       the cache cannot be read or written
├── BuildpackMissingError    the order names a buildpack that is not there
├── OrderCycleError          composite buildpacks contain each other
├── NothingDetectedError     no group of the order passed (20), or one errored (21)
├── BuildpackFailedError     a buildpack's bin/build failed (51)
├── BuildpackOutputError     a buildpack wrote something the specification forbids
├── LayerNotReusableError    a layer was to be reused that the previous image does not have
├── ProcessNotFoundError     a process type was asked for that the app does not have
│   └── DefaultProcessError  the default process asked for does not exist
├── ProgramNotStartedError   a buildpack's program is not there or not executable
├── InvalidArgumentError     the command line of a phase is wrong
├── LauncherMissingError     there is no compiled launcher for an architecture
├── CompilerMissingError     the launcher's compiler is not installed
└── LauncherCompileError     the compiler refused the launcher's sources
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source, nearest


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
class FileChangedError(ExplainedError):
    """A file grew or shrank between its tar header and its contents."""

    path: str
    exit_code: ClassVar[int] = 62

    def explain(self) -> Explanation:
        """Name the file."""
        return Explanation(
            what=f"'{self.path}' changed while it was put into a layer",
            why="its size is no longer the one of a moment ago, so some process is still writing",
            fix=("Make sure nothing writes to the app or its layers during the export, then build again.",),
        )


@dataclass(eq=False, kw_only=True)
class LayerArchiveError(ExplainedError):
    """A layer's tar cannot be unpacked."""

    problem: str

    def explain(self) -> Explanation:
        """Give the reason."""
        return Explanation(what="A layer's archive cannot be unpacked", why=self.problem)


@dataclass(eq=False, kw_only=True)
class BlobCorruptError(ExplainedError):
    """A blob's bytes do not have its digest."""

    place: str
    expected: str
    actual: str

    def explain(self) -> Explanation:
        """Give both digests."""
        return Explanation(
            what=f"A blob in '{self.place}' is damaged",
            why=f"its digest is {self.actual}, expected {self.expected}",
            fix=("Delete the damaged file or its directory; it is made again by the next build.",),
        )


class StoreError(ExplainedError):
    """Base of what goes wrong with an image store."""


@dataclass(eq=False, kw_only=True)
class StoreUnusableError(StoreError):
    """The store cannot be read or written; ``problem`` has the operating system's words."""

    place: str
    problem: str

    def explain(self) -> Explanation:
        """Name the place and its problem."""
        fix = (f"Free some space on the file system of '{self.place}'.",) if "No space" in self.problem else ()
        return Explanation(what=f"Cannot use the image store '{self.place}'", why=self.problem, fix=fix)


@dataclass(eq=False, kw_only=True)
class StoreCorruptError(StoreError):
    """The store's files contradict each other."""

    place: str
    problem: str

    def explain(self) -> Explanation:
        """Name the place and the contradiction."""
        return Explanation(
            what=f"The image store '{self.place}' is damaged",
            why=self.problem,
            fix=("Build the image again, or move the store away to start a new one.",),
        )


@dataclass(eq=False, kw_only=True)
class ImageNotFoundError(StoreError):
    """There is no image of that name. ``known`` lists the names there are."""

    reference: str
    place: str
    known: tuple[str, ...] = ()

    def explain(self) -> Explanation:
        """Name the image and the nearest one."""
        close = nearest(self.reference, self.known)
        fix = (f"Did you mean '{close}'?",) if close else ("'offramp images' lists the images there are.",)
        return Explanation(what=f"There is no image '{self.reference}'", why=f"looked in {self.place}", fix=fix)


@dataclass(eq=False, kw_only=True)
class RegistryReferenceError(StoreError):
    """A name does not follow the rules of registries."""

    reference: str
    problem: str

    def explain(self) -> Explanation:
        """Quote the name and show the form."""
        return Explanation(
            what=f"'{self.reference}' is not the name of an image in a registry",
            why=self.problem,
            fix=("Write it as HOST/REPOSITORY:TAG, such as 'registry.example.com/team/app:1'.",),
        )


@dataclass(eq=False, kw_only=True)
class PlatformMissingError(StoreError):
    """An image is made for other platforms only."""

    reference: str
    platform: str
    available: tuple[str, ...]

    def explain(self) -> Explanation:
        """List the platforms there are."""
        return Explanation(
            what=f"'{self.reference}' is not made for {self.platform}",
            why=f"it is made for {', '.join(self.available) or 'no platform at all'}",
            fix=("Choose one of these platforms, or another image.",),
        )


@dataclass(eq=False, kw_only=True)
class CredentialsUnusableError(StoreError):
    """A place of credentials has something that cannot be read; never quotes it."""

    place: str
    problem: str

    def explain(self) -> Explanation:
        """Name the place."""
        return Explanation(
            what=f"Cannot read the registry credentials in '{self.place}'",
            why=self.problem,
            fix=("Correct or remove it; 'docker login' or 'skopeo login' writes it anew.",),
        )


class RegistryError(StoreError):
    """Base of what goes wrong between us and a registry."""

    source: ClassVar[Source] = Source.NETWORK


@dataclass(eq=False, kw_only=True)
class RegistryUnreachableError(RegistryError):
    """There was no connection, or it broke each time."""

    registry: str
    kind: Literal["name", "refused", "timeout", "broken", "proxy", "certificate"]
    problem: str

    def explain(self) -> Explanation:
        """Say what to look at first."""
        fixes = {
            "name": "Check the registry's name, and this machine's name resolution.",
            "refused": "Check that the registry runs there, and its port.",
            "timeout": "Check the network up to the registry: a firewall, or a missing HTTPS_PROXY.",
            "broken": "Try again; if it persists, look into the registry's log.",
            "proxy": "Check HTTPS_PROXY and HTTP_PROXY, or name the registry in NO_PROXY.",
            "certificate": "Check the files below certs.d/ of this registry: each .cert needs its .key.",
        }
        return Explanation(
            what=f"Cannot reach the registry '{self.registry}'", why=self.problem, fix=(fixes[self.kind],)
        )


@dataclass(eq=False, kw_only=True)
class RegistryTlsError(RegistryError):
    """The registry's certificate is not trusted; ``problem`` has OpenSSL's words."""

    registry: str
    problem: str

    def explain(self) -> Explanation:
        """Name the settings that add an authority, or a certificate of ours where the registry asks for one."""
        place = f"/etc/docker/certs.d/{self.registry}"
        if "alert" in self.problem.lower():
            fix: tuple[str, ...] = (f"Put the certificate it asks for into {place}/client.cert and client.key.",)
        else:
            fix = (
                f"Put your own authority's certificate into {place}/ca.crt.",
                "Or name a file with all authorities to trust in SSL_CERT_FILE.",
                "Name the registry insecure only if nobody else can listen in between.",
            )
        return Explanation(
            what=f"The connection to the registry '{self.registry}' is not secure",
            why=self.problem,
            fix=fix,
        )


@dataclass(eq=False, kw_only=True)
class RegistryDeniedError(RegistryError):
    """Credentials do not suffice. ``places`` are those looked at, with what each had."""

    registry: str
    repository: str
    action: str
    problem: str
    username: str
    places: tuple[str, ...]
    source: ClassVar[Source] = Source.USER

    def explain(self) -> Explanation:
        """Say as whom, and where credentials were looked for."""
        looked = "".join(f"\n    {place}" for place in self.places)
        return Explanation(
            what=f"The registry '{self.registry}' does not let {self.username or 'anonymous users'}"
            f" {self.action} '{self.repository}'",
            why=f"{self.problem}; credentials were looked for in{looked}",
            fix=(
                f"Log in with 'docker login {self.registry}' or 'skopeo login', or set CNB_REGISTRY_AUTH.",
                "Check the name: many registries say this of a repository that does not exist.",
            ),
        )


@dataclass(eq=False, kw_only=True)
class RegistryRefusedError(RegistryError):
    """The registry answered with an error. ``codes`` are its own; ``request`` has no secrets."""

    registry: str
    request: str
    status: int
    codes: tuple[str, ...]
    problem: str
    retry_after: int | None = None

    def explain(self) -> Explanation:
        """Give the registry's words, and advice for the codes that have one."""
        fixes = {
            "NAME_UNKNOWN": "Create the repository first; this registry does not make one by itself.",
            "NAME_INVALID": "Choose a repository name this registry allows.",
            "TOOMANYREQUESTS": "Wait, log in for a higher limit, or set a mirror.",
            "MANIFEST_BLOB_UNKNOWN": "Push again; the registry has lost a layer meanwhile.",
            "BLOB_UPLOAD_UNKNOWN": "Push again; the registry has forgotten the upload.",
            "DIGEST_INVALID": "Delete the local image and build again: a blob is not what its digest says.",
            "SIZE_INVALID": "Check for proxies that cut requests short.",
            "UNSUPPORTED": "Check that the registry is not read-only (a mirror, say).",
        }
        if "quota" in self.problem.lower() or self.status == 507:  # noqa: PLR2004
            fix: tuple[str, ...] = ("Delete images, or have the quota of the registry raised.",)
        elif self.status == 413:  # noqa: PLR2004
            fix = ("Raise the largest request the proxy in front of the registry lets through.",)
        else:
            fix = tuple(fixes[code] for code in self.codes if code in fixes)
        wait = f"(asks to wait {self.retry_after} s)" if self.retry_after else ""
        return Explanation(
            what=f"The registry '{self.registry}' answered {self.status} to {self.request}",
            why=" ".join(filter(None, (", ".join(self.codes), self.problem, wait))),
            fix=fix,
        )


@dataclass(eq=False, kw_only=True)
class RegistryAnswerError(RegistryError):
    """What a registry gave is not what it should be: another digest or size, or no manifest."""

    registry: str
    subject: str
    problem: str

    def explain(self) -> Explanation:
        """Name what was asked for."""
        return Explanation(
            what=f"The registry '{self.registry}' gave a wrong answer for {self.subject}",
            why=self.problem,
            fix=("Check that this host is a registry, and that no proxy or cache changes its answers.",),
        )


@dataclass(eq=False, kw_only=True)
class CacheUnusableError(ExplainedError):
    """The cache cannot be read or written."""

    place: str
    problem: str

    def explain(self) -> Explanation:
        """Name the place and its problem."""
        return Explanation(
            what=f"Cannot use the build cache '{self.place}'",
            why=self.problem,
            fix=("Choose another directory with --cache, or build with --no-cache.",),
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


@dataclass(eq=False, kw_only=True)
class LauncherMissingError(ExplainedError):
    """There is no compiled launcher for ``arch``; ``path`` is None where it is never built for it."""

    arch: str
    path: Path | None
    available: tuple[str, ...]
    exit_code: ClassVar[int] = 62

    def explain(self) -> Explanation:
        """Say how it is made."""
        known = ", ".join(f"linux/{arch}" for arch in self.available) or "no architecture"
        return Explanation(
            what=f"There is no launcher for linux/{self.arch}",
            why=f"this installation has compiled launchers for {known}",
            fix=("In a source checkout run 'make setup'; otherwise install the 'offramp' wheel again.",)
            if self.path
            else ("Build the image for linux/amd64 or linux/arm64.",),
        )


@dataclass(eq=False, kw_only=True)
class CompilerMissingError(ExplainedError):
    """The compiler, which is the ``ziglang`` package, is not installed for the interpreter ``python``."""

    python: Path

    def explain(self) -> Explanation:
        """Name the package."""
        return Explanation(
            what="The launcher cannot be compiled",
            why=f"its compiler is the package 'ziglang', which {self.python} does not have",
            fix=("pip install ziglang", "Or install a wheel of Offramp, which holds the compiled launcher."),
        )


@dataclass(eq=False, kw_only=True)
class LauncherCompileError(ExplainedError):
    """The compiler refused the launcher's sources; ``output`` has its words."""

    arch: str
    status: int
    output: str
    source: ClassVar[Source] = Source.OURS

    def explain(self) -> Explanation:
        """Quote the compiler."""
        return Explanation(
            what=f"Compiling the launcher for linux/{self.arch} failed (exit code {self.status})",
            why=self.output.strip(),
            fix=("With unchanged sources this is a fault of Offramp: report it with the lines above.",),
        )


def _indented(output: str) -> str:
    return "".join(f"\n    {line}" for line in output.splitlines())
