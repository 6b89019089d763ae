"""builder.toml: a builder as ``pack`` writes it, with our stack in place of a build image.

Facts: reference/cnb.md §d (builder.toml). ``uri`` is a directory relative to the file, or ``buildpack:NAME`` for one of
the buildpacks this project brings; ``stack`` is the name of one of its stacks, or a directory with a ``stack.toml``.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.spec.buildpack_toml import read_buildpack
from lifecycle_py.spec.errors import TomlValueError
from lifecycle_py.spec.order_toml import Order, OrderElement
from lifecycle_py.spec.toml_file import Table, read_toml

DEFAULT = Path(__file__).parent / "default" / "builder.toml"
_OURS = "buildpack:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """A builder: the stack it stands on, the directories of its buildpacks and extensions, and their orders."""

    description: str
    stack: str
    buildpacks: tuple[Path, ...]
    order: Order
    extensions: tuple[Path, ...] = ()


def read_builder(file: Path = DEFAULT) -> Builder:
    """Read a builder.toml.

    Raises:
        TomlUnreadableError, TomlSyntaxError, TomlValueError: it is missing or wrong.
    """
    document = read_toml(file)
    document.only("description", "offramp", "buildpacks", "order", "extensions", "order-extensions")
    return Builder(
        description=document.text("description", ""),
        stack=_stack(document.table("offramp")),
        buildpacks=tuple(_directory(table) for table in document.tables("buildpacks")),
        order=Order.from_toml(document),
        extensions=tuple(_directory(table) for table in document.tables("extensions")),
    )


def with_buildpacks(builder: Builder, chosen: tuple[Path, ...], optional: tuple[Path, ...] = ()) -> Builder:
    """Give a builder whose only group is exactly these buildpacks, and after them ``optional`` ones."""
    elements = []
    for directory in (*chosen, *optional):
        buildpack = read_buildpack(directory)
        elements.append(OrderElement(id=buildpack.id, version=buildpack.version, optional=directory in optional))
    return Builder(
        description=builder.description,
        stack=builder.stack,
        buildpacks=tuple(dict.fromkeys((*chosen, *optional))),
        order=Order(groups=(tuple(elements),), extensions=builder.order.extensions),
        extensions=builder.extensions,
    )


def own_buildpack(name: str) -> Path | None:
    """Give the directory of a buildpack this project brings; None when it is installed without any."""
    found = importlib.util.find_spec("buildpacks")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations))) / name


def _stack(table: Table) -> str:
    """Give a stack's name, or the directory of one that is declared beside the file."""
    name = table.text("stack")
    directory = (table.file.parent / name).resolve()
    return str(directory) if (directory / "stack.toml").is_file() else name


def _directory(table: Table) -> Path:
    uri = table.text("uri")
    if not uri.startswith(_OURS):
        return (table.file.parent / uri).resolve()
    directory = own_buildpack(uri.removeprefix(_OURS))
    if directory is None:
        raise TomlValueError(file=table.file, key="uri", problem="this installation has no buildpacks")
    return directory
