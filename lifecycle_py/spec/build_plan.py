"""The build plan: what a buildpack offers and asks at detection, with alternatives.

Spec: buildpack.md "Build Plan (TOML)" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Require:
    """A dependency a buildpack asks for; the metadata is for whoever provides it."""

    name: str
    metadata: TomlTable = field(default_factory=dict)

    def to_toml(self) -> TomlTable:
        """Write one ``[[requires]]`` or ``[[entries]]`` entry."""
        return {"name": self.name, "metadata": self.metadata} if self.metadata else {"name": self.name}

    @classmethod
    def from_toml(cls, table: Table) -> Require:
        """Read one ``[[requires]]`` or ``[[entries]]`` entry; a version belongs into its metadata."""
        if "version" in table:
            raise table.problem("version", "is not supported; write it as 'metadata.version'")
        return cls(name=table.text("name"), metadata=table.table("metadata").data)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanAlternative:
    """One way the buildpack can take part: names it provides and dependencies it requires."""

    provides: tuple[str, ...] = ()
    requires: tuple[Require, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """The plan of one buildpack: its first choice, then each ``[[or]]``."""

    alternatives: tuple[PlanAlternative, ...] = (PlanAlternative(),)

    @classmethod
    def from_toml(cls, document: Table) -> BuildPlan:
        """Read the file a ``bin/detect`` wrote; an empty file is an empty plan."""
        return cls(
            alternatives=(_read_alternative(document), *(_read_alternative(table) for table in document.tables("or")))
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        first, *others = self.alternatives
        table = dict(_write_alternative(first))
        if others:
            table["or"] = [_write_alternative(alternative) for alternative in others]
        return table


def _read_alternative(table: Table) -> PlanAlternative:
    return PlanAlternative(
        provides=tuple(provide.text("name") for provide in table.tables("provides")),
        requires=tuple(Require.from_toml(require) for require in table.tables("requires")),
    )


def _write_alternative(alternative: PlanAlternative) -> TomlTable:
    table: dict[str, object] = {}
    if alternative.provides:
        table["provides"] = [{"name": name} for name in alternative.provides]
    if alternative.requires:
        table["requires"] = [require.to_toml() for require in alternative.requires]
    return table
