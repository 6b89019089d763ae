"""analyzed.toml: the previous image, the run image and what is known of them.

Spec: platform.md "analyzed.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecycle_py.spec.image_labels import LayersMetadata
from lifecycle_py.spec.targets import Target
from lifecycle_py.spec.toml_file import TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class RunImage:
    """The run image: its exact reference, the name it was asked for by, and its target."""

    reference: str
    image: str = ""
    target: Target = field(default_factory=Target)


@dataclass(frozen=True, kw_only=True, slots=True)
class Analyzed:
    """The document. ``previous_image`` is empty when there was none."""

    run_image: RunImage
    previous_image: str = ""
    metadata: LayersMetadata = field(default_factory=LayersMetadata)

    def to_toml(self) -> TomlTable:
        """Write what platforms read. The layers' metadata travels inside the process, not through this file."""
        table: dict[str, object] = {}
        if self.previous_image:
            table["image"] = {"reference": self.previous_image}
        table["run-image"] = {
            "reference": self.run_image.reference,
            "image": self.run_image.image,
            "target": self.run_image.target.to_toml(),
        }
        return table
