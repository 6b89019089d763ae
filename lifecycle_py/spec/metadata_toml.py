"""config/metadata.toml: what the launcher reads when the app image starts.

Spec: platform.md "metadata.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.identifiers import BuildpackId, parse_process_type
from lifecycle_py.spec.image_labels import RecordedProcess
from lifecycle_py.spec.launch_toml import Label, Process, Slice
from lifecycle_py.spec.toml_file import Table, TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchMetadata:
    """The result of the build phase: processes sorted by type, the group, labels and slices in order.

    ``command_lists`` is False before Platform API 0.10, whose launcher reads one string as a command.
    """

    buildpacks: tuple[GroupElement, ...]
    extensions: tuple[GroupElement, ...] = ()
    processes: tuple[RecordedProcess, ...] = ()
    default_process_type: str = ""
    labels: tuple[Label, ...] = ()
    slices: tuple[Slice, ...] = ()
    command_lists: bool = True

    @classmethod
    def from_toml(cls, document: Table) -> LaunchMetadata:
        """Read the document, of the reference lifecycle too.

        Raises:
            TomlValueError: a key is missing or of another type.
        """
        return cls(
            buildpacks=tuple(GroupElement.from_toml(table) for table in document.tables("buildpacks")),
            extensions=tuple(GroupElement.from_toml(table) for table in document.tables("extensions")),
            processes=tuple(_process_from_toml(table) for table in document.tables("processes")),
            default_process_type=document.text("buildpack-default-process-type", ""),
            labels=tuple(
                Label(key=table.text("key"), value=table.text("value", "")) for table in document.tables("labels")
            ),
            slices=tuple(Slice(paths=table.texts("paths")) for table in document.tables("slices")),
        )

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {}
        if self.default_process_type:
            table["buildpack-default-process-type"] = self.default_process_type
        table["buildpacks"] = [element.to_toml() for element in self.buildpacks]
        if self.extensions:
            table["extensions"] = [element.to_toml() for element in self.extensions]
        table["processes"] = [
            _process_to_toml(recorded, command_list=self.command_lists) for recorded in self.processes
        ]
        if self.labels:
            table["labels"] = [{"key": label.key, "value": label.value} for label in self.labels]
        if self.slices:
            table["slices"] = [{"paths": list(one.paths)} for one in self.slices]
        return table


def _process_from_toml(table: Table) -> RecordedProcess:
    command = table.data.get("command")
    process = Process(
        type=parse_process_type(table.text("type")),
        command=(command,) if isinstance(command, str) else table.texts("command"),
        args=table.texts("args"),
        direct=table.boolean("direct"),
        default=table.boolean("default"),
        working_dir=table.text("working-dir", ""),
        exec_env=table.texts("exec-env"),
    )
    return RecordedProcess(process=process, buildpack_id=BuildpackId(table.text("buildpack-id", "")))


def _process_to_toml(recorded: RecordedProcess, *, command_list: bool) -> TomlTable:
    process = recorded.process if command_list else recorded.process.with_one_word_command()
    table: dict[str, object] = {
        "type": process.type,
        "command": list(process.command) if command_list else process.command[0],
        "args": list(process.args),
        "direct": process.direct,
        "buildpack-id": recorded.buildpack_id,
    }
    if process.default:
        table["default"] = True
    if process.working_dir:
        table["working-dir"] = process.working_dir
    if process.exec_env:
        table["exec-env"] = list(process.exec_env)
    return table
