"""order.toml: the groups of buildpacks that detection tries, best first.

Spec: platform.md "order.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderElement:
    """One ``[[order.group]]`` entry. An empty version means the only one there is."""

    id: BuildpackId
    version: str = ""
    optional: bool = False

    def __str__(self) -> str:
        """Give ``id@version`` or ``id``."""
        return f"{self.id}@{self.version}" if self.version else self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Alternative groups; the first that passes detection builds the app."""

    groups: tuple[tuple[OrderElement, ...], ...]

    @classmethod
    def from_toml(cls, document: Table) -> Order:
        """Read the ``[[order]]`` of an order.toml, builder.toml or composite buildpack.toml."""
        return cls(
            groups=tuple(
                tuple(
                    OrderElement(
                        id=parse_buildpack_id(element.text("id")),
                        version=element.text("version", ""),
                        optional=element.boolean("optional"),
                    )
                    for element in group.tables("group")
                )
                for group in document.tables("order")
            )
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        return {"order": [{"group": [_element_to_toml(element) for element in group]} for group in self.groups]}


def _element_to_toml(element: OrderElement) -> TomlTable:
    table: dict[str, object] = {"id": element.id}
    if element.version:
        table["version"] = element.version
    if element.optional:
        table["optional"] = True
    return table
