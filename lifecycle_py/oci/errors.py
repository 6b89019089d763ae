"""The errors of images, layers and stores, each with its text.

ExplainedError
├── FileChangedError         a file changed while it was put into a layer
├── LayerArchiveError        a layer's tar is damaged or forbidden
├── BlobCorruptError         a blob is not what its digest says
├── CodecMissingError        this Python cannot read or write a compression
└── StoreError
    ├── StoreUnusableError   the store cannot be read or written
    ├── StoreCorruptError    the store's contents contradict themselves
    ├── ImageNotFoundError   there is no image of that name
    ├── RegistryReferenceError  a name does not follow the rules of registries
    ├── PlatformMissingError  an image is not made for this platform
    ├── CredentialsUnusableError  a place of credentials cannot be read
    ├── DaemonUnreachableError  no Docker daemon answers
    ├── DaemonRefusedError   the Docker daemon answered with an error
    └── RegistryError
        ├── RegistryUnreachableError  no connection: name, network or time
        ├── RegistryTlsError  the certificate is not trusted, or not ours
        ├── RegistryDeniedError  the credentials, or their lack, do not suffice (401, 403)
        ├── RegistryRefusedError  the registry answered with another error
        └── RegistryAnswerError  the registry's answer contradicts itself or its digest
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source, nearest


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


@dataclass(eq=False, kw_only=True)
class CodecMissingError(ExplainedError):
    """The library of a compression cannot be loaded."""

    codec: str
    problem: str

    def explain(self) -> Explanation:
        """Name the compression."""
        return Explanation(
            what=f"This Python can neither read nor write {self.codec}",
            why=self.problem,
            fix=(
                "Use base images and a --compression of gzip.",
                "Or a Python that can: 3.14 by itself, 3.11 to 3.13 where machine code may be loaded from memory.",
            ),
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
class DaemonUnreachableError(StoreError):
    """No Docker daemon answers at ``host``; ``problem`` has the operating system's words."""

    host: str
    problem: str

    def explain(self) -> Explanation:
        """Say what to do about the usual reasons."""
        if "Permission denied" in self.problem:
            fix = "Run this as a user of the group that owns the socket, usually 'docker', or as root."
        else:
            fix = "Start Docker, or set DOCKER_HOST to where it listens; 'docker info' shows whether it is reached."
        return Explanation(what=f"Cannot reach the Docker daemon at '{self.host}'", why=self.problem, fix=(fix,))


@dataclass(eq=False, kw_only=True)
class DaemonRefusedError(StoreError):
    """The daemon answered with an error; ``action`` says what it was asked or given."""

    host: str
    action: str
    problem: str

    def explain(self) -> Explanation:
        """Give the daemon's own words."""
        return Explanation(
            what=f"The Docker daemon at '{self.host}' failed when it was {self.action}",
            why=self.problem,
            fix=("Look into the daemon's log; a full disk is the usual reason: 'docker system df'.",),
        )
