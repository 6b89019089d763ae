"""config/metadata.toml: what the launcher reads when the app image starts.

Spec: platform.md "metadata.toml" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.image_labels import RecordedProcess
from lifecycle_py.spec.launch_toml import Label, Slice
from lifecycle_py.spec.toml_file import TomlTable


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchMetadata:
    """The result of the build phase: processes sorted by type, the group, labels and slices in order."""

    buildpacks: tuple[GroupElement, ...]
    processes: tuple[RecordedProcess, ...] = ()
    default_process_type: str = ""
    labels: tuple[Label, ...] = ()
    slices: tuple[Slice, ...] = ()

    def to_toml(self) -> TomlTable:
        """Write the document."""
        table: dict[str, object] = {}
        if self.default_process_type:
            table["buildpack-default-process-type"] = self.default_process_type
        table["buildpacks"] = [element.to_toml() for element in self.buildpacks]
        table["processes"] = [_process_to_toml(recorded) for recorded in self.processes]
        if self.slices:
            table["slices"] = [{"paths": list(one.paths)} for one in self.slices]
        return table


def _process_to_toml(recorded: RecordedProcess) -> TomlTable:
    process = recorded.process
    table: dict[str, object] = {
        "type": process.type,
        "command": list(process.command),
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
