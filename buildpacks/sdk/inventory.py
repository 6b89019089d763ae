"""Inventories: the runtimes a buildpack can install, each with its platform, address and sha256, as a TOML file.

[[artifacts]]
version = "3.4.1"
os = "linux"
arch = "amd64"
url = "https://…/ruby-3.4.1-linux-amd64.tar.gz"
sha256 = "…"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from buildpacks.sdk.errors import VersionNotFoundError
from buildpacks.sdk.versions import Version, VersionRequest, nearest_versions, parse_version
from lifecycle_py.spec.targets import Target
from lifecycle_py.spec.toml_file import Table, TomlTable, read_toml

_SHA256_LENGTH = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A file that can be installed. ``distro`` is ``name version``, or empty for any."""

    version: Version
    os: str
    arch: str
    url: str
    sha256: str
    distro: str = ""
    metadata: TomlTable = field(default_factory=dict)

    def fits(self, target: Target) -> bool:
        """Tell whether the artifact runs on the target."""
        distro = f"{target.distro.name} {target.distro.version}".strip() if target.distro else ""
        return (self.os, self.arch) == (target.os, target.arch) and self.distro in {"", distro}


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """The artifacts of one runtime."""

    name: str
    artifacts: tuple[Artifact, ...]

    def resolve(self, request: VersionRequest, target: Target) -> Artifact:
        """Choose the newest artifact that satisfies the request and runs on the target.

        Raises:
            VersionNotFoundError: there is none; it names the nearest versions.
        """
        fitting = {artifact.version: artifact for artifact in self.artifacts if artifact.fits(target)}
        newest = request.newest(fitting)
        if newest is not None:
            return fitting[newest]
        digits = "".join(char if char.isdigit() or char == "." else " " for char in request.text).split()
        wanted = parse_version(digits[0].strip(".")) if digits and digits[0].strip(".") else Version((0,))
        nearest = tuple(str(version) for version in nearest_versions(wanted, fitting))
        raise VersionNotFoundError(name=self.name, request=request.text, nearest=nearest)


def read_inventory(file: Path, name: str) -> Inventory:
    """Read an inventory.

    Raises:
        TomlValueError: an entry is incomplete, or its checksum is not a sha256.
    """
    return Inventory(name=name, artifacts=tuple(_artifact(table) for table in read_toml(file).tables("artifacts")))


def _artifact(table: Table) -> Artifact:
    sha256 = table.text("sha256").lower()
    if len(sha256) != _SHA256_LENGTH or not set(sha256) <= set("0123456789abcdef"):
        raise table.problem("sha256", "expected 64 hexadecimal digits")
    return Artifact(
        version=parse_version(table.text("version")),
        os=table.text("os"),
        arch=table.text("arch"),
        url=table.text("url"),
        sha256=sha256,
        distro=table.text("distro", ""),
        metadata=table.table("metadata").data,
    )
