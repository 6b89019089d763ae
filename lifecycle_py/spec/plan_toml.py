"""plan.toml: who provides what to whom, as detection settled it.

Spec: platform.md "plan.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.build_plan import Require
from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A buildpack or an extension that provides a dependency."""

    id: BuildpackId
    version: str
    extension: bool = False

    @classmethod
    def from_toml(cls, table: Table) -> Provider:
        """Read one ``[[entries.providers]]`` entry."""
        return cls(
            id=parse_buildpack_id(table.text("id")),
            version=table.text("version"),
            extension=table.boolean("extension"),
        )

    def to_toml(self) -> TomlTable:
        """Write one ``[[entries.providers]]`` entry."""
        table: dict[str, object] = {"id": self.id, "version": self.version}
        if self.extension:
            table["extension"] = True
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanEntry:
    """One dependency: every provider in group order, and every requirement of that name."""

    providers: tuple[Provider, ...]
    requires: tuple[Require, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The whole plan."""

    entries: tuple[PlanEntry, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> Plan:
        """Read a plan.toml."""
        return cls(
            entries=tuple(
                PlanEntry(
                    providers=tuple(Provider.from_toml(table) for table in entry.tables("providers")),
                    requires=tuple(Require.from_toml(table) for table in entry.tables("requires")),
                )
                for entry in document.tables("entries")
            )
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        return {
            "entries": [
                {
                    "providers": [provider.to_toml() for provider in entry.providers],
                    "requires": [require.to_toml() for require in entry.requires],
                }
                for entry in self.entries
            ]
        }
