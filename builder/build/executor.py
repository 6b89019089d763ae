"""The Executor port: opens the place in which a build image's programs run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from lifecycle_py.session import Session


class Network(StrEnum):
    """What a session may reach."""

    HOST = "host"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A host file or directory that is visible inside."""

    source: Path
    target: PurePosixPath
    writable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildEnvironment:
    """A place to open.

    ``root`` is an unpacked image, seen read-only. ``uid`` and ``gid`` are the ids inside. ``env`` is the image's own
    environment, on which a command's environment is laid.
    """

    root: Path
    mounts: tuple[Mount, ...] = ()
    uid: int = 1000
    gid: int = 1000
    env: Mapping[str, str] = field(default_factory=dict)
    network: Network = Network.HOST
    host_name: str = "offramp"
    work: Path | None = None


class Executor(Protocol):
    """**Port.** sandbox today; docker and in-place are other implementations (architecture.md §5 decision 1)."""

    def open(self, environment: BuildEnvironment) -> AbstractContextManager[Session]:
        """Open a session. At its end no process of it is left.

        Raises:
            SandboxUnavailableError: this host cannot give such a place; the error says why and what to do.
        """
        ...
