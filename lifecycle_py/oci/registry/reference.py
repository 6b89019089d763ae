"""Names of images in registries: ``[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]``, with Docker Hub's short names.

Spec: opencontainers/distribution-spec ``spec.md`` "Pulling manifests" for the forms of repository and tag.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from lifecycle_py.oci.errors import RegistryReferenceError
from lifecycle_py.oci.model import Digest

DOCKER_HUB: Final = "docker.io"
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_HOST = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An image's place: ``host`` as it is spoken of (``docker.io``), and its name there."""

    host: str
    repository: str
    tag: str = "latest"
    digest: Digest | None = None

    @property
    def target(self) -> str:
        """Give what the registry is asked for: the digest where there is one, else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        """Give the full name."""
        return f"{self.host}/{self.repository}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


def parse_reference(text: str, *, default_host: str = DOCKER_HUB) -> Reference:
    """Read a reference; one without a host is of ``default_host``.

    Raises:
        RegistryReferenceError: the text does not follow the rules.
    """
    rest, _, digest = text.removeprefix("docker://").partition("@")
    if digest and not _DIGEST.fullmatch(digest):
        raise RegistryReferenceError(reference=text, problem=f"'{digest}' is not a digest")
    first, slash, remainder = rest.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    host, path = (first, remainder) if named else (default_host, rest)
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise RegistryReferenceError(reference=text, problem=f"'{tag}' is not a tag")
    if not _HOST.fullmatch(host):
        raise RegistryReferenceError(reference=text, problem=f"'{host}' is not a host name")
    host = host.lower()
    if host in _HUB_NAMES:
        host = DOCKER_HUB
        repository = repository if "/" in repository else f"library/{repository}"
    if not _REPOSITORY.fullmatch(repository):
        raise RegistryReferenceError(
            reference=text,
            problem=f"'{repository.removeprefix('library/')}' is not a repository: use a-z, 0-9, '.', '_', '-' and '/'",
        )
    return Reference(host=host, repository=repository, tag=tag or "latest", digest=Digest(digest) if digest else None)


def address(host: str) -> str:
    """Give the host that answers for a registry's name."""
    return "registry-1.docker.io" if host == DOCKER_HUB else host


def is_loopback(host: str) -> bool:
    """Tell whether a host (with or without port) is this machine."""
    name = hostname(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_private_address(host: str) -> bool:
    """Tell whether a host is the literal of an address that only means something inside of a network."""
    try:
        number = ipaddress.ip_address(hostname(host))
    except ValueError:
        return hostname(host) == "localhost"
    return number.is_private or number.is_link_local or number.is_loopback


def hostname(host: str) -> str:
    """Take the port and IPv6 brackets off."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
