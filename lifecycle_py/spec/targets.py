"""Targets: the operating systems, architectures and distributions that images and buildpacks declare.

Spec: buildpack.md "Targets" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Distro:
    """A distribution: ``ID`` and ``VERSION_ID`` of /etc/os-release."""

    name: str
    version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What an image is made for. Empty text means "not said". ``id`` is its base image's own name for it."""

    id: str = ""
    os: str = "linux"
    arch: str = ""
    variant: str = ""
    distro: Distro | None = None

    @classmethod
    def from_toml(cls, table: Table) -> Target:
        """Read a ``[target]`` table; ``arch-variant`` is the reference's spelling of ``variant``."""
        distro = table.table("distro")
        return cls(
            id=table.text("id", ""),
            os=table.text("os", "linux"),
            arch=table.text("arch", ""),
            variant=table.text("arch-variant", "") or table.text("variant", ""),
            distro=Distro(name=distro.text("name", ""), version=distro.text("version", "")) if distro.data else None,
        )

    def to_toml(self) -> TomlTable:
        """Write both spellings of the variant (reference/cnb.md §b.13 item 9)."""
        table: dict[str, object] = {"id": self.id} if self.id else {}
        table |= {"os": self.os, "arch": self.arch}
        if self.variant:
            table |= {"arch-variant": self.variant, "variant": self.variant}
        if self.distro:
            table["distro"] = {"name": self.distro.name, "version": self.distro.version}
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetConstraint:
    """One ``[[targets]]`` entry of a buildpack: what it accepts. Empty fields accept anything."""

    os: str = ""
    arch: str = ""
    variant: str = ""
    distros: tuple[Distro, ...] = ()

    @classmethod
    def from_toml(cls, table: Table) -> TargetConstraint:
        """Read one entry of buildpack.toml."""
        return cls(
            os=table.text("os", ""),
            arch=table.text("arch", ""),
            variant=table.text("arch-variant", "") or table.text("variant", ""),
            distros=tuple(
                Distro(name=distro.text("name", ""), version=distro.text("version", ""))
                for distro in table.tables("distros")
            ),
        )

    def accepts(self, target: Target) -> bool:
        """Tell whether the target satisfies this entry; what either side leaves open matches."""
        pairs = ((self.os, target.os), (self.arch, target.arch), (self.variant, target.variant))
        if any(wanted and actual and wanted != actual for wanted, actual in pairs):
            return False
        if not self.distros or target.distro is None:
            return True
        return any(_accepts_distro(distro, target.distro) for distro in self.distros)

    def __str__(self) -> str:
        """Give the form messages use, such as ``linux/amd64 (debian 13)``."""
        distros = ", ".join(f"{distro.name} {distro.version}".strip() for distro in self.distros)
        place = f"{self.os or 'any'}/{self.arch or 'any'}{'/' + self.variant if self.variant else ''}"
        return f"{place} ({distros})" if distros else place


def _accepts_distro(wanted: Distro, actual: Distro) -> bool:
    return (not wanted.name or wanted.name == actual.name) and (not wanted.version or wanted.version == actual.version)
