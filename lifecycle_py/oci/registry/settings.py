"""What a registry store is told by its user: trusted hosts, mirrors, certificates, proxies and patience."""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def _own_architecture() -> str:
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often and after how long something is tried again; times in seconds."""

    tries: int = 6
    first_delay: float = 0.5
    longest_delay: float = 30
    longest_retry_after: float = 120
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Give how long to wait after this many failures (1 or more): what the registry asked for, else doubling."""
        if retry_after is not None:
            return retry_after
        grown = min(self.first_delay * (1 << (failures - 1)), self.longest_delay)
        return grown * (0.75 + self.random() / 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrySettings:
    """Settings of a registry store. Sizes in bytes, hosts as ``name[:port]``.

    ``insecure`` registries may speak plain http or show a certificate nobody trusts; those of this machine may
    speak http anyway. ``mirrors`` maps a host to those that are asked first when reading.
    ``certificates`` are directories like Docker's ``certs.d``, the first that has the host wins.
    """

    default_host: str = "docker.io"
    insecure: frozenset[str] = frozenset()
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    certificates: tuple[Path, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    architecture: str = field(default_factory=_own_architecture)
    workers: int = 4
    chunked_from: int = 100_000_000
    chunk_size: int = 32 << 20
    connect_timeout: float = 15
    read_timeout: float = 300
    patience: Patience = field(default_factory=Patience)


def certificate_directories(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Give the places where Docker and Podman keep certificates of registries; the user's before the system's."""
    config = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "/", ".config"))
    return (
        config / "docker" / "certs.d",
        config / "containers" / "certs.d",
        Path("/etc/docker/certs.d"),
        Path("/etc/containers/certs.d"),
    )


def settings_from_environment(environ: Mapping[str, str] = os.environ) -> RegistrySettings:
    """Give the settings a user has who set nothing but the usual variables."""
    return RegistrySettings(environ=environ, certificates=certificate_directories(environ))
