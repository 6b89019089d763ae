"""group.toml: the buildpacks and extensions that passed detection, in build order.

Spec: platform.md "group.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupElement:
    """A buildpack or an extension of the group."""

    id: BuildpackId
    version: str
    api: str
    homepage: str = ""
    optional: bool = False

    def __str__(self) -> str:
        """Give ``id@version``, the form of all logs."""
        return f"{self.id}@{self.version}"

    @classmethod
    def from_toml(cls, table: Table) -> GroupElement:
        """Read one ``[[group]]`` or ``[[group-extensions]]`` entry."""
        return cls(
            id=parse_buildpack_id(table.text("id")),
            version=table.text("version"),
            api=table.text("api"),
            homepage=table.text("homepage", ""),
            optional=table.boolean("optional"),
        )

    def to_toml(self) -> TomlTable:
        """Write one ``[[group]]`` or ``[[group-extensions]]`` entry."""
        table: dict[str, object] = {"id": self.id, "version": self.version, "api": self.api}
        if self.homepage:
            table["homepage"] = self.homepage
        if self.optional:
            table["optional"] = True
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The detected group. ``extensions`` generate Dockerfiles before ``buildpacks`` build."""

    buildpacks: tuple[GroupElement, ...]
    extensions: tuple[GroupElement, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> Group:
        """Read a group.toml."""
        return cls(
            buildpacks=tuple(GroupElement.from_toml(table) for table in document.tables("group")),
            extensions=tuple(GroupElement.from_toml(table) for table in document.tables("group-extensions")),
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {"group": [element.to_toml() for element in self.buildpacks]}
        if self.extensions:
            table["group-extensions"] = [element.to_toml() for element in self.extensions]
        return table
