"""order.toml: the groups of buildpacks that detection tries, best first, and those of extensions put before each.

Spec: platform.md "order.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.exec_env import read_exec_env
from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderElement:
    """One ``[[order.group]]`` entry. An empty version means the only one there is, no ``exec_env`` means any."""

    id: BuildpackId
    version: str = ""
    optional: bool = False
    exec_env: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give ``id@version`` or ``id``."""
        return f"{self.id}@{self.version}" if self.version else self.id

    @classmethod
    def from_toml(cls, table: Table) -> OrderElement:
        """Read one ``[[order.group]]`` entry."""
        return cls(
            id=parse_buildpack_id(table.text("id")),
            version=table.text("version", ""),
            optional=table.boolean("optional"),
            exec_env=read_exec_env(table),
        )

    def to_toml(self) -> TomlTable:
        """Write one ``[[order.group]]`` entry."""
        table: dict[str, object] = {"id": self.id}
        if self.version:
            table["version"] = self.version
        if self.optional:
            table["optional"] = True
        if self.exec_env:
            table["exec-env"] = list(self.exec_env)
        return table


OrderGroup = tuple[OrderElement, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Alternative groups; the first that passes detection builds the app.

    ``extensions`` are alternative groups too; the first that can go before a group of buildpacks does.
    """

    groups: tuple[OrderGroup, ...]
    extensions: tuple[OrderGroup, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> Order:
        """Read the orders of an order.toml, builder.toml or composite buildpack.toml."""
        return cls(groups=_read_groups(document, "order"), extensions=_read_groups(document, "order-extensions"))

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {"order": _write_groups(self.groups)}
        if self.extensions:
            table["order-extensions"] = _write_groups(self.extensions)
        return table


def _read_groups(document: Table, key: str) -> tuple[OrderGroup, ...]:
    return tuple(
        tuple(OrderElement.from_toml(element) for element in group.tables("group")) for group in document.tables(key)
    )


def _write_groups(groups: tuple[OrderGroup, ...]) -> list[TomlTable]:
    return [{"group": [element.to_toml() for element in group]} for group in groups]
