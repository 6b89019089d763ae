"""The packages of a base image: read from dpkg's status, written as the list every base image carries."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

PACKAGES_FILE: Final = "/usr/share/offramp/packages.json"

# In the build image: dpkg's status of the run image beside it. Who adds packages to an app must know what the app will
# find where it runs, and the build image has more.
RUN_IMAGE_STATUS_FILE: Final = "/usr/share/offramp/run-image/status"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Package:
    """An installed Debian package; ``source`` is the source package it was built from."""

    name: str
    architecture: str
    version: str
    source: str


def parse_packages(status: str) -> tuple[Package, ...]:
    """Read the installed packages out of ``/var/lib/dpkg/status``, sorted by name."""
    stanzas = (_fields(stanza) for stanza in status.split("\n\n") if stanza.strip())
    return tuple(
        sorted(
            Package(
                name=fields["Package"],
                architecture=fields["Architecture"],
                version=fields["Version"],
                source=fields.get("Source", fields["Package"]).partition(" ")[0],
            )
            for fields in stanzas
            if fields.get("Status") == "install ok installed"
        )
    )


def render_packages(packages: Iterable[Package]) -> bytes:
    """Write the list as JSON, one package a line, equal bytes for equal packages."""
    lines = ",\n".join(
        json.dumps({"name": p.name, "version": p.version, "architecture": p.architecture, "source": p.source})
        for p in packages
    )
    return f'{{"packages": [\n{lines}\n]}}\n'.encode()


def read_package_list(content: bytes) -> tuple[Package, ...]:
    """Read a list back."""
    return tuple(Package(**fields) for fields in json.loads(content)["packages"])


def _fields(stanza: str) -> dict[str, str]:
    lines = (line.partition(":") for line in stanza.splitlines() if not line.startswith((" ", "\t")))
    return {name: value.strip() for name, _, value in lines}
