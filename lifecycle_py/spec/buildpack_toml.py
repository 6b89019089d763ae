"""buildpack.toml: what a buildpack says about itself.

Spec: buildpack.md "buildpack.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.spec.api_versions import ApiVersion, parse_buildpack_api
from lifecycle_py.spec.identifiers import BuildpackId, parse_buildpack_id
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.targets import TargetConstraint
from lifecycle_py.spec.toml_file import Table, TomlTable, read_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class Buildpack:
    """A buildpack: a component (it has ``bin/``) or a composite (it has an ``order``)."""

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

    def __str__(self) -> str:
        """Give ``id@version``, the form of all logs."""
        return f"{self.id}@{self.version}"

    @classmethod
    def from_toml(cls, document: Table) -> Buildpack:
        """Read a buildpack.toml.

        Raises:
            TomlValueError: a required key is missing or of the wrong type.
            UnsupportedApiError: its API version is not supported.
        """
        table = document.table("buildpack")
        buildpack_id = parse_buildpack_id(table.text("id"))
        return cls(
            api=parse_buildpack_api(document.text("api"), f"buildpack '{buildpack_id}'"),
            id=buildpack_id,
            version=table.text("version"),
            name=table.text("name", ""),
            homepage=table.text("homepage", ""),
            clear_env=table.boolean("clear-env"),
            sbom_formats=table.texts("sbom-formats"),
            exec_env=_execution_environments(table),
            targets=tuple(TargetConstraint.from_toml(target) for target in document.tables("targets")),
            order=Order.from_toml(document) if "order" in document else None,
            metadata=document.table("metadata").data,
        )


def read_buildpack(directory: Path) -> Buildpack:
    """Read the descriptor of the buildpack in ``directory``."""
    return Buildpack.from_toml(read_toml(directory / "buildpack.toml"))


def _execution_environments(table: Table) -> tuple[str, ...]:
    # The specification has tables with a name, the reference a list of strings (reference/cnb.md §b.13 item 2).
    value = table.data.get("exec-env", [])
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return tuple(item.text("name") for item in table.tables("exec-env"))
    return table.texts("exec-env")
