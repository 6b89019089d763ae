"""The plan: what has to run, in words that fit any platform. Typed, versioned, and each value knows its origin.

Everything that is written for a target (plain YAML today) is made of this and of nothing else, so that other tools can
read it too: ``offramp translate IMAGE --format plan`` (docs/reference/plan.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PLAN_VERSION = "plan.offramp.dev/v1alpha1"


class Role(StrEnum):
    """What a process is to the app, as far as that changes how it is run."""

    WEB = "web"  # gets requests and PORT
    SERVICE = "service"  # answers other processes of the app
    WORKER = "worker"  # any number of them, side by side
    CLOCK = "clock"  # starts work by the time of day, so that two of them would start it twice


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Who a process runs as. ``gid`` is None when the image leaves it to its own ``/etc/passwd``."""

    uid: int
    gid: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedImage:
    """The image all processes start from. ``reference`` is what a cluster pulls; ``digest`` what was read."""

    reference: str
    digest: str
    user: User


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """What one instance is given: memory in MiB, CPU in thousandths of a core. CPU is never limited."""

    name: str
    memory: int
    memory_limit: int
    cpu: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WritablePath:
    """A directory that starts empty and may be written to; ``size`` in MiB."""

    path: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How one instance is started. ``command`` is what a person wrote, ``argv`` what is executed.

    ``config`` names the set of config vars that become its environment; ``env`` goes on top. ``grace`` is how many
    seconds it has between SIGTERM and SIGKILL.
    """

    command: str
    argv: tuple[str, ...]
    size: Size
    grace: int
    config: str
    env: Mapping[str, str] = field(default_factory=dict)
    writable: tuple[WritablePath, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a process answers. It has ``startup`` seconds to listen on ``port``.

    For ``drain`` seconds before SIGTERM it still answers requests that were sent before its end was known everywhere.
    ``protocol`` is ``http``, ``grpc`` or ``tcp``.
    """

    port: int
    startup: int
    drain: int
    name: str = "http"
    protocol: str = "http"


@dataclass(frozen=True, kw_only=True, slots=True)
class Port:
    """Where a process listens besides. ``internal``: for operators, such as metrics, and not for callers."""

    name: str
    port: int
    protocol: str
    internal: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedProcess:
    """A process that runs until it is stopped, ``quantity`` times."""

    type: str
    role: Role
    quantity: int
    run: Run
    endpoint: Endpoint | None = None
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRelease:
    """What runs once before the processes of a new image or config start. It is not retried; ``timeout`` in seconds."""

    run: Run
    timeout: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RequiredVariable:
    """A config var without which an app does not start; ``generated``: any random value that stays the same will do."""

    name: str
    generated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SkippedProcess:
    """A process of the image that the platform does not keep running, and why."""

    type: str
    command: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """An app on a platform. ``sources`` maps a value's path, such as ``processes/web/quantity``, to its origin."""

    app: str
    image: PlannedImage
    processes: tuple[PlannedProcess, ...]
    release: PlannedRelease | None = None
    required: tuple[RequiredVariable, ...] = ()
    skipped: tuple[SkippedProcess, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
