"""launch.toml: processes, labels and slices a buildpack contributes to the app image.

Spec: buildpack.md "launch.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from lifecycle_py.spec.api_versions import ApiVersion, BuildpackFeature, supports
from lifecycle_py.spec.identifiers import ProcessType, parse_process_type
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A command of the app image.

    ``command`` is always kept, ``args`` are defaults the user may replace. ``working_dir`` is absolute or empty for
    the app directory. ``direct`` is False only for shell processes of Buildpack API 0.8.
    """

    type: ProcessType
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    direct: bool = True
    default: bool = False
    working_dir: str = ""
    exec_env: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, table: Table, api: ApiVersion) -> Process:
        """Read one ``[[processes]]`` entry as the buildpack's API version defines it.

        Raises:
            TomlValueError: ``direct`` is present although the API has no shell processes, or a type is wrong.
        """
        has_lists = supports(api, BuildpackFeature.COMMAND_LISTS)
        if has_lists and "direct" in table:
            raise table.problem("direct", f"Buildpack API {api} has no shell processes; remove this key")
        if has_lists and isinstance(table.data.get("command"), str):
            raise table.problem("command", f"Buildpack API {api} expects an array of strings")
        return cls(
            type=parse_process_type(table.text("type")),
            command=table.texts("command") if has_lists else (table.text("command"),),
            args=table.texts("args"),
            direct=has_lists or table.boolean("direct"),
            default=table.boolean("default"),
            working_dir=table.text("working-dir", ""),
            exec_env=table.texts("exec-env"),
        )

    def with_one_word_command(self) -> Process:
        """Give the process as Platform API 0.9 and older know it: the command is one word, all else are arguments."""
        return dataclasses.replace(self, command=self.command[:1] or ("",), args=(*self.command[1:], *self.args))

    def to_toml(self) -> TomlTable:
        """Write one ``[[processes]]`` entry for Buildpack API 0.9 and newer."""
        table: dict[str, object] = {"type": self.type, "command": list(self.command)}
        if self.args:
            table["args"] = list(self.args)
        if self.default:
            table["default"] = True
        if self.working_dir:
            table["working-dir"] = self.working_dir
        if self.exec_env:
            table["exec-env"] = list(self.exec_env)
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label of the app image."""

    key: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Globs relative to the app directory whose files form an OCI layer of their own."""

    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """The document."""

    processes: tuple[Process, ...] = ()
    labels: tuple[Label, ...] = ()
    slices: tuple[Slice, ...] = ()

    @classmethod
    def from_toml(cls, document: Table, api: ApiVersion) -> Launch:
        """Read a launch.toml written by a buildpack of the given API version."""
        return cls(
            processes=tuple(Process.from_toml(table, api) for table in document.tables("processes")),
            labels=tuple(
                Label(key=table.text("key"), value=table.text("value", "")) for table in document.tables("labels")
            ),
            slices=tuple(Slice(paths=table.texts("paths")) for table in document.tables("slices")),
        )

    def to_toml(self) -> TomlTable:
        """Write the document, leaving out what is empty."""
        table: dict[str, object] = {}
        if self.labels:
            table["labels"] = [{"key": label.key, "value": label.value} for label in self.labels]
        if self.processes:
            table["processes"] = [process.to_toml() for process in self.processes]
        if self.slices:
            table["slices"] = [{"paths": list(one.paths)} for one in self.slices]
        return table
