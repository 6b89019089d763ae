"""<layer>.toml: the types of a layer and the buildpack's own metadata about it.

Spec: buildpack.md "Layer Content Metadata (TOML)", "Layer Types" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecycle_py.spec.exec_env import read_exec_env
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerTypes:
    """What a layer is for: later buildpacks, the next build, the running app."""

    build: bool = False
    cache: bool = False
    launch: bool = False

    def __str__(self) -> str:
        """Give the types as words, such as ``build, cache``."""
        return ", ".join(name for name in ("build", "cache", "launch") if getattr(self, name)) or "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerMetadata:
    """The document. ``types`` is None when the file has no ``[types]``, as restored files have not.

    ``exec_env`` are the execution environments the layer is meant for; none means any.
    """

    types: LayerTypes | None = None
    exec_env: tuple[str, ...] = ()
    metadata: TomlTable = field(default_factory=dict)

    @classmethod
    def from_toml(cls, document: Table) -> LayerMetadata:
        """Read a layer's metadata file.

        Raises:
            TomlValueError: a type stands at the top level, where it meant something in old APIs only.
        """
        for name in ("launch", "build", "cache"):
            if name in document:
                raise document.problem(name, "layer types belong into the [types] table")
        types = document.table("types")
        return cls(
            types=LayerTypes(build=types.boolean("build"), cache=types.boolean("cache"), launch=types.boolean("launch"))
            if "types" in document
            else None,
            exec_env=read_exec_env(types) or read_exec_env(document),
            metadata=document.table("metadata").data,
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {}
        if self.types is not None:
            exec_env = {"exec-env": list(self.exec_env)} if self.exec_env else {}
            types = {"build": self.types.build, "cache": self.types.cache, "launch": self.types.launch}
            table["types"] = {**types, **exec_env}
        if self.metadata:
            table["metadata"] = self.metadata
        return table
