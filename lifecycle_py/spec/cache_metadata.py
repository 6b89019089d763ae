"""What a cache says about its layers: a file in a volume cache, a label on a cache image.

The specification leaves a cache to the lifecycle; this is the reference's form, so that either may go on with what the
other left (reference/cnb.md §b.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_py.spec.image_labels import RecordedBuildpack

CACHE_METADATA_LABEL = "io.buildpacks.lifecycle.cache.metadata"


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheMetadata:
    """Cached layers by buildpack; ``sbom`` is the diff ID of the layer of their bills of materials, or empty."""

    sbom: str = ""
    buildpacks: tuple[RecordedBuildpack, ...] = ()

    def diff_ids(self) -> tuple[str, ...]:
        """List every layer that is named, once each."""
        layers = [layer.diff_id for buildpack in self.buildpacks for layer in buildpack.layers.values()]
        return tuple(dict.fromkeys([*layers, *([self.sbom] if self.sbom else [])]))

    def to_json(self) -> dict[str, Any]:
        """Give the reference's form, keys in its order."""
        return {"sbom": {"sha": self.sbom}, "buildpacks": [buildpack.to_json() for buildpack in self.buildpacks]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CacheMetadata:
        """Read the reference's form, tolerating absent keys.

        Raises:
            KeyError, TypeError, ValueError, AttributeError, InvalidIdentifierError: it is something else.
        """
        return cls(
            sbom=str((data.get("sbom") or {}).get("sha") or ""),
            buildpacks=tuple(RecordedBuildpack.from_json(one) for one in data.get("buildpacks") or ()),
        )
