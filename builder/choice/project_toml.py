"""project.toml: what an app says about its own build, in the form that ``pack`` reads.

Facts: the Project Descriptor 0.2 (buildpacks/spec, project-descriptor.md): tables ``[_]`` and ``[io.buildpacks]``.
What other tools keep in the file is theirs, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.choice.wanted import Wanted
from lifecycle_py.spec.toml_file import Table, read_toml_if_present

PROJECT_FILE = "project.toml"
_KNOWN = ("builder", "include", "exclude", "group", "build", "pre", "post")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """What is said. ``include`` and ``exclude`` are patterns in gitignore's syntax; at most one of them is given."""

    group: tuple[Wanted, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def read_project(app: Path) -> Project:
    """Read the project.toml of an app; without one nothing is said.

    Raises:
        TomlUnreadableError, TomlSyntaxError, TomlValueError: it is wrong, or says what this platform does not do.
    """
    return parse_project(read_toml_if_present(app / PROJECT_FILE), app)


def parse_project(document: Table, app: Path) -> Project:
    """Read the parts that are ours of a parsed project.toml."""
    if "build" in document:
        raise document.problem("build", "this is the descriptor's form of 0.1; write '[io.buildpacks]' instead")
    table = document.table("io").table("buildpacks")
    table.only(*_KNOWN)
    for key in ("pre", "post"):
        if key in table:
            raise table.problem(key, "not supported; list the whole group as '[[io.buildpacks.group]]'")
    if "include" in table and "exclude" in table:
        raise table.problem("include", "give either 'include' or 'exclude'")
    return Project(
        group=tuple(_wanted(one, number, app) for number, one in enumerate(table.tables("group"), start=1)),
        include=table.texts("include"),
        exclude=table.texts("exclude"),
        env={one.text("name"): one.text("value") for one in table.table("build").tables("env")},
    )


def _wanted(table: Table, number: int, app: Path) -> Wanted:
    table.only("id", "version", "uri", "script")
    if "script" in table:
        raise table.problem(
            "script", "inline buildpacks are not supported; put the script into a buildpack's directory"
        )
    identifier, version, uri = (table.text(key, "") for key in ("id", "version", "uri"))
    if not (identifier or uri):
        raise table.problem("id", "an 'id' or a 'uri' is needed")
    reference = uri or (f"{identifier}@{version}" if version else identifier)
    return Wanted(reference=reference, place=f"{PROJECT_FILE}, group {number}", base=app)
