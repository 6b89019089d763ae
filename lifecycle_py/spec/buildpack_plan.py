"""The buildpack plan: the requirements one buildpack's build receives.

Spec: buildpack.md "Buildpack Plan (TOML)" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.build_plan import Require
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildpackPlan:
    """Requirements, in the order of the buildpacks that asked."""

    entries: tuple[Require, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> BuildpackPlan:
        """Read the file named by ``CNB_BP_PLAN_PATH``."""
        return cls(entries=tuple(Require.from_toml(table) for table in document.tables("entries")))

    def to_toml(self) -> TomlTable:
        """Write the document."""
        return {"entries": [entry.to_toml() for entry in self.entries]}
