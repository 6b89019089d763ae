"""project-metadata.toml: where the app's source came from.

Spec: platform.md "project-metadata.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectMetadata:
    """The document; empty when the platform knows nothing."""

    source_type: str = ""
    version: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_toml(cls, document: Table) -> ProjectMetadata:
        """Read the file."""
        source = document.table("source")
        return cls(
            source_type=source.text("type", ""),
            version=source.table("version").data,
            metadata=source.table("metadata").data,
        )

    def to_toml(self) -> TomlTable:
        """Write the document, which is also the content of its label."""
        if not self.source_type:
            return {}
        source: dict[str, object] = {"type": self.source_type}
        if self.version:
            source["version"] = self.version
        if self.metadata:
            source["metadata"] = self.metadata
        return {"source": source}
