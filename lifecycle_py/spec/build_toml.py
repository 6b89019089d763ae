"""build.toml: plan entries a buildpack leaves for later providers.

Spec: buildpack.md "build.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """The document: names of the entries that stay unmet."""

    unmet: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> Build:
        """Read a build.toml."""
        return cls(unmet=tuple(table.text("name") for table in document.tables("unmet")))

    def to_toml(self) -> TomlTable:
        """Write the document."""
        return {"unmet": [{"name": name} for name in self.unmet]}
