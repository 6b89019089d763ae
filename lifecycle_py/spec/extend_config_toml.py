"""extend-config.toml: arguments an extension gives to its Dockerfiles.

Spec: image_extension.md "extend-config.toml" (Buildpack API 0.10).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.toml_file import Table, TomlTable

PROVIDED_ARGUMENTS = ("base_image", "build_id", "user_id", "group_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendArgument:
    """One argument."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendConfig:
    """The document: the arguments of build.Dockerfile and of run.Dockerfile."""

    build: tuple[ExtendArgument, ...] = ()
    run: tuple[ExtendArgument, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> ExtendConfig:
        """Read an extend-config.toml; an argument that the lifecycle provides itself is refused."""
        return cls(build=_arguments(document.table("build")), run=_arguments(document.table("run")))

    def to_toml(self) -> TomlTable:
        """Write the document."""
        parts = {"build": self.build, "run": self.run}
        return {
            kind: {"args": [{"name": one.name, "value": one.value} for one in arguments]}
            for kind, arguments in parts.items()
            if arguments
        }


def _arguments(table: Table) -> tuple[ExtendArgument, ...]:
    found = []
    for argument in table.tables("args"):
        name = argument.text("name")
        if name in PROVIDED_ARGUMENTS:
            raise argument.problem("name", f"'{name}' is given by the lifecycle and cannot be set")
        found.append(ExtendArgument(name=name, value=argument.text("value", "")))
    return tuple(found)
