"""buildpack.toml and extension.toml: what a buildpack or an image extension says about itself.

Spec: buildpack.md "buildpack.toml", image_extension.md "extension.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.spec.api_versions import ApiVersion, parse_buildpack_api
from lifecycle_py.spec.exec_env import read_exec_env
from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.targets import Distro, TargetConstraint
from lifecycle_py.spec.toml_file import Table, TomlTable, read_toml

_TARGETS_OF_STACKS = {
    "*": TargetConstraint(),
    "io.buildpacks.stacks.bionic": TargetConstraint(
        os="linux", arch="amd64", distros=(Distro(name="ubuntu", version="18.04"),)
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Buildpack:
    """A buildpack: a component (it has ``bin/``) or a composite (it has an ``order``); or an image extension."""

    api: ApiVersion
    id: BuildpackId
    version: str
    name: str = ""
    homepage: str = ""
    clear_env: bool = False
    sbom_formats: tuple[str, ...] = ()
    exec_env: tuple[str, ...] = ()
    targets: tuple[TargetConstraint, ...] = ()
    order: Order | None = None
    metadata: TomlTable = field(default_factory=dict)
    extension: bool = False

    def __str__(self) -> str:
        """Give ``id@version``, the form of all logs."""
        return f"{self.id}@{self.version}"

    @classmethod
    def from_toml(cls, document: Table) -> Buildpack:
        """Read a buildpack.toml, or an extension.toml, which says so by its table.

        Raises:
            TomlValueError: a required key is missing or of the wrong type, or an extension has an order.
            UnsupportedApiError: its API version is not supported.
        """
        kind = "extension" if "extension" in document else "buildpack"
        table = document.table(kind)
        buildpack_id = parse_buildpack_id(table.text("id"))
        if kind == "extension" and "order" in document:
            raise document.problem("order", "an image extension has no order")
        return cls(
            api=parse_buildpack_api(document.text("api"), f"{kind} '{buildpack_id}'"),
            id=buildpack_id,
            version=table.text("version"),
            name=table.text("name", ""),
            homepage=table.text("homepage", ""),
            clear_env=table.boolean("clear-env"),
            sbom_formats=table.texts("sbom-formats"),
            exec_env=read_exec_env(table),
            targets=_targets(document),
            order=Order.from_toml(document) if "order" in document else None,
            metadata=document.table("metadata").data,
            extension=kind == "extension",
        )


def _targets(document: Table) -> tuple[TargetConstraint, ...]:
    """Read the targets, or infer them from the stacks a buildpack of older days names.

    Stacks other than these two say nothing about targets. The architecture is the reference's (cnb.md §b.13 item 11).
    """
    declared = tuple(TargetConstraint.from_toml(target) for target in document.tables("targets"))
    stacks = () if declared else tuple(stack.text("id") for stack in document.tables("stacks"))
    return declared or tuple(_TARGETS_OF_STACKS[stack] for stack in stacks if stack in _TARGETS_OF_STACKS)


def read_buildpack(directory: Path) -> Buildpack:
    """Read the descriptor of the buildpack in ``directory``."""
    return Buildpack.from_toml(read_toml(directory / "buildpack.toml"))


def read_extension(directory: Path) -> Buildpack:
    """Read the descriptor of the image extension in ``directory``."""
    return Buildpack.from_toml(read_toml(directory / "extension.toml"))
