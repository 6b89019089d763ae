"""analyzed.toml: the previous image, the run image and what is known of them.

Spec: platform.md "analyzed.toml". ``[metadata]`` is the previous image's lifecycle label in TOML's spelling
(reference/cnb.md §b.14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import LayersMetadata
from lifecycle_py.spec.targets import Target
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class RunImage:
    """The run image: its exact reference, the name it was asked for by, its target, and whether it is to be extended.

    ``target`` is None where nothing is known of it (Platform API before 0.12, or an image an extension named).
    """

    reference: str
    image: str = ""
    extend: bool = False
    target: Target | None = None

    @classmethod
    def from_toml(cls, table: Table) -> RunImage:
        """Read the ``[run-image]`` table."""
        return cls(
            reference=table.text("reference", ""),
            image=table.text("image", ""),
            extend=table.boolean("extend"),
            target=Target.from_toml(table.table("target")) if "target" in table else None,
        )

    def to_toml(self) -> TomlTable:
        """Write the ``[run-image]`` table."""
        table: dict[str, object] = {"reference": self.reference}
        if self.image:
            table["image"] = self.image
        if self.extend:
            table["extend"] = True
        if self.target:
            table["target"] = self.target.to_toml()
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class Analyzed:
    """The document. The images' references are empty where there are none."""

    run_image: RunImage
    previous_image: str = ""
    build_image: str = ""
    metadata: LayersMetadata = field(default_factory=LayersMetadata)

    @classmethod
    def from_toml(cls, document: Table) -> Analyzed:
        """Read an analyzed.toml, of the reference lifecycle too.

        Raises:
            TomlValueError: a key has another type than the specification gives it.
        """
        metadata = document.table("metadata")
        try:
            layers = LayersMetadata.from_json(_toml_to_label(metadata.data))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError) as error:
            raise document.problem("metadata", f"it is not a lifecycle label: {error}") from None
        return cls(
            run_image=RunImage.from_toml(document.table("run-image")),
            previous_image=document.table("image").text("reference", ""),
            build_image=document.table("build-image").text("reference", ""),
            metadata=layers,
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {}
        if self.previous_image:
            table["image"] = {"reference": self.previous_image}
        if self.build_image:
            table["build-image"] = {"reference": self.build_image}
        table["metadata"] = _label_to_toml(self.metadata.to_json())
        table["run-image"] = self.run_image.to_toml()
        return table


def _label_to_toml(label: Mapping[str, Any]) -> dict[str, Any]:
    """Spell a label as the document does: the run image's keys, and ``metadata`` for a layer's ``data``."""
    table = {key: value for key, value in label.items() if key != "runImage"}
    table["buildpacks"] = [
        {**buildpack, "layers": {name: _layer_to_toml(layer) for name, layer in buildpack["layers"].items()}}
        for buildpack in label["buildpacks"]
    ]
    if run_image := label.get("runImage"):
        names = {key: value for key, value in run_image.items() if key != "topLayer"}
        table["run-image"] = {"top-layer": run_image["topLayer"], **names}
    return table


def _layer_to_toml(layer: Mapping[str, Any]) -> dict[str, Any]:
    table = {key: value for key, value in layer.items() if key != "data"}
    return table | ({"metadata": layer["data"]} if layer["data"] else {})


def _toml_to_layer(layer: Mapping[str, Any]) -> dict[str, Any]:
    return {**layer, "data": layer.get("metadata")}


def _toml_to_label(table: Mapping[str, Any]) -> dict[str, Any]:
    """Give back the label's spelling. Raises what any wrong type raises."""
    label = dict(table)
    label["buildpacks"] = [
        {
            **buildpack,
            "layers": {
                name: {**layer, "data": layer.get("metadata")}
                for name, layer in (buildpack.get("layers") or {}).items()
            },
        }
        for buildpack in table.get("buildpacks") or ()
    ]
    if run_image := table.get("run-image"):
        label["runImage"] = {**run_image, "topLayer": run_image.get("top-layer", "")}
    return label
