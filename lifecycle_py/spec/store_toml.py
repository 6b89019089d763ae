"""store.toml: what a buildpack remembers from one build of an app to the next.

Spec: buildpack.md "store.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """The document."""

    metadata: TomlTable = field(default_factory=dict)

    @classmethod
    def from_toml(cls, document: Table) -> Store:
        """Read a store.toml."""
        return cls(metadata=document.table("metadata").data)

    def to_toml(self) -> TomlTable:
        """Write the document."""
        return {"metadata": self.metadata}
