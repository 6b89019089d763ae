"""Execution environments: what an element is for (production, test, development), and whether it applies.

Spec: buildpack.md "Execution Environments" (buildpacks/spec@b745fcf), RFC 0134.
"""

from __future__ import annotations

from lifecycle_py.spec.toml_file import Table


def read_exec_env(table: Table) -> tuple[str, ...]:
    """Read an ``exec-env`` key in either form there is; empty when absent.

    The specification has tables with a name, the reference a list of strings (reference/cnb.md §b.13 item 2).
    """
    value = table.data.get("exec-env", [])
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return tuple(item.text("name") for item in table.tables("exec-env"))
    return table.texts("exec-env")


def applies_in(declared: tuple[str, ...], exec_env: str) -> bool:
    """Tell whether what declares these execution environments applies in this one; none and ``*`` mean any."""
    return not declared or "*" in declared or exec_env in declared
