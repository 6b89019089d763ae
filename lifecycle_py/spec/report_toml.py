"""report.toml: what was exported, for machines.

Spec: platform.md "report.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.toml_file import TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The document. ``manifest_size`` is in bytes; what a store does not know is empty or 0, and left out."""

    tags: tuple[str, ...]
    digest: str = ""
    image_id: str = ""
    manifest_size: int = 0

    def to_toml(self) -> TomlTable:
        """Write the document."""
        known = {"digest": self.digest, "image-id": self.image_id, "manifest-size": self.manifest_size}
        return {"image": {"tags": list(self.tags), **{key: value for key, value in known.items() if value}}}
