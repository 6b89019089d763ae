"""system.toml: the buildpacks an operator puts before and after every group.

Spec: platform.md "system.toml" (buildpacks/spec@b745fcf), Platform API 0.15.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.order_toml import OrderElement, OrderGroup
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """The document: what goes before and after each group of the order."""

    pre: OrderGroup = ()
    post: OrderGroup = ()

    @classmethod
    def from_toml(cls, document: Table) -> System:
        """Read a system.toml. ``optional`` is honoured, unlike in the reference (reference/cnb.md §b.13 item 1)."""
        system = document.table("system")
        return cls(pre=_read(system.table("pre")), post=_read(system.table("post")))

    def to_toml(self) -> TomlTable:
        """Write the document."""
        parts = {"pre": self.pre, "post": self.post}
        return {"system": {name: {"buildpacks": _write(group)} for name, group in parts.items() if group}}


def _read(table: Table) -> OrderGroup:
    return tuple(OrderElement.from_toml(element) for element in table.tables("buildpacks"))


def _write(group: OrderGroup) -> list[TomlTable]:
    return [element.to_toml() for element in group]
