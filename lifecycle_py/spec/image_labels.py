"""The JSON labels of app images: what the next build, a rebase and other tools read back from an image.

Spec: platform.md "Labels" (buildpacks/spec@b745fcf). The JSON follows the reference's form (key order of its
structures, maps sorted, ``<``, ``>`` and ``&`` escaped), so that equal content gives an equal image ID.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle_py.spec.identifiers import BuildpackId, LayerName, parse_layer_name
from lifecycle_py.spec.launch_toml import Process
from lifecycle_py.spec.layer_toml import LayerTypes
from lifecycle_py.spec.run_toml import RunImageChoice

LIFECYCLE_METADATA_LABEL = "io.buildpacks.lifecycle.metadata"
BUILD_METADATA_LABEL = "io.buildpacks.build.metadata"
PROJECT_METADATA_LABEL = "io.buildpacks.project.metadata"
REBASABLE_LABEL = "io.buildpacks.rebasable"
EXEC_ENV_LABEL = "io.buildpacks.exec-env"
BASE_LABEL_PREFIX = "io.buildpacks.base."


def go_json(value: Any) -> str:
    """Encode JSON as Go's ``encoding/json`` does: no spaces, HTML characters and U+2028/9 escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedLayer:
    """A buildpack's layer as the label records it. ``diff_id`` is empty for a layer without contents.

    ``exec_env`` are the execution environments it is meant for; none means any.
    """

    diff_id: str
    types: LayerTypes
    metadata: Mapping[str, Any] = field(default_factory=dict)
    exec_env: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the label's form."""
        exec_env = {"exec-env": list(self.exec_env)} if self.exec_env else {}
        return {
            "sha": self.diff_id,
            "data": _plain(self.metadata) if self.metadata else None,
            "build": self.types.build,
            "launch": self.types.launch,
            "cache": self.types.cache,
            **exec_env,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RecordedLayer:
        """Read the label's form, tolerating absent keys."""
        return cls(
            diff_id=str(data.get("sha") or ""),
            types=LayerTypes(
                build=bool(data.get("build")), cache=bool(data.get("cache")), launch=bool(data.get("launch"))
            ),
            metadata=data.get("data") or {},
            exec_env=tuple(str(name) for name in data.get("exec-env") or ()),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedBuildpack:
    """A buildpack of the group with the layers it left and the store it keeps."""

    id: BuildpackId
    version: str
    layers: Mapping[LayerName, RecordedLayer] = field(default_factory=dict)
    store: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the label's form."""
        data: dict[str, Any] = {
            "key": self.id,
            "version": self.version,
            "layers": {name: self.layers[name].to_json() for name in sorted(self.layers)},
        }
        if self.store is not None:
            data["store"] = {"metadata": _plain(self.store)}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RecordedBuildpack:
        """Read the label's form.

        Raises:
            InvalidIdentifierError: a layer's name is no file name. Labels come from anywhere, and names become paths.
        """
        store = data.get("store")
        return cls(
            id=BuildpackId(str(data["key"])),
            version=str(data.get("version", "")),
            layers={
                parse_layer_name(name): RecordedLayer.from_json(layer)
                for name, layer in (data.get("layers") or {}).items()
            },
            store=(store.get("metadata") or {}) if store else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RunImageRecord:
    """The base of an app image: where it ends, which image it was, and by which names a newer one can be had."""

    top_layer: str
    reference: str
    choice: RunImageChoice = RunImageChoice()  # noqa: RUF009 - immutable

    def to_json(self) -> dict[str, Any]:
        """Give the label's form."""
        return {"topLayer": self.top_layer, "reference": self.reference, **self.choice.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunImageRecord:
        """Read the label's form."""
        return cls(
            top_layer=str(data.get("topLayer", "")), reference=str(data.get("reference", "")), choice=_choice(data)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class LayersMetadata:
    """``io.buildpacks.lifecycle.metadata``: every layer of the image and where it came from.

    ``stack`` repeats the run image's names where older platforms look for them. ``exec_env`` is the execution
    environment (Platform API 0.15), empty where none was recorded.
    """

    app: tuple[str, ...] = ()
    sbom: str = ""
    buildpacks: tuple[RecordedBuildpack, ...] = ()
    config: str = ""
    launcher: str = ""
    process_types: str = ""
    run_image: RunImageRecord | None = None
    stack: RunImageChoice | None = None
    exec_env: str = ""

    def buildpack(self, buildpack_id: BuildpackId) -> RecordedBuildpack | None:
        """Find what the label says about a buildpack, whatever its version was."""
        return next((one for one in self.buildpacks if one.id == buildpack_id), None)

    def to_json(self) -> dict[str, Any]:
        """Give the label's form, keys in the reference's order."""
        data: dict[str, Any] = {"app": [{"sha": diff_id} for diff_id in self.app]}
        if self.sbom:
            data["sbom"] = {"sha": self.sbom}
        data["buildpacks"] = [buildpack.to_json() for buildpack in self.buildpacks]
        data["config"] = {"sha": self.config}
        data["launcher"] = {"sha": self.launcher}
        data["process-types"] = {"sha": self.process_types}
        if self.run_image:
            data["runImage"] = self.run_image.to_json()
        if self.stack:
            data["stack"] = {"runImage": self.stack.to_json()}
        if self.exec_env:
            data["exec-env"] = self.exec_env
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LayersMetadata:
        """Read the label's form, tolerating absent keys."""
        run_image = data.get("runImage")
        return cls(
            app=tuple(str(one.get("sha", "")) for one in _slices(data.get("app"))),
            sbom=_sha(data, "sbom"),
            buildpacks=tuple(RecordedBuildpack.from_json(one) for one in data.get("buildpacks") or ()),
            config=_sha(data, "config"),
            launcher=_sha(data, "launcher"),
            process_types=_sha(data, "process-types"),
            run_image=RunImageRecord.from_json(run_image) if run_image else None,
            stack=_choice(stack.get("runImage") or {}) if (stack := data.get("stack")) else None,
            exec_env=str(data.get("exec-env") or ""),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedProcess:
    """A process with the buildpack that contributed it."""

    process: Process
    buildpack_id: BuildpackId

    def to_json(self, *, command_list: bool = True) -> dict[str, Any]:
        """Give the form of ``io.buildpacks.build.metadata``; before Platform API 0.10 a command is one string."""
        process = self.process if command_list else self.process.with_one_word_command()
        data: dict[str, Any] = {
            "type": process.type,
            "command": list(process.command) if command_list else process.command[0],
            "args": list(process.args),
            "direct": process.direct,
        }
        if process.default:
            data["default"] = True
        data["buildpackID"] = self.buildpack_id
        if process.working_dir:
            data["working-dir"] = process.working_dir
        if process.exec_env:
            data["exec-env"] = list(process.exec_env)
        return data


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildMetadata:
    """``io.buildpacks.build.metadata``: what the image runs and who built it.

    ``unstructured_bom`` writes the key that Platform APIs before 0.9 have for the bill of materials of old, which
    buildpacks of the APIs we run do not give any more.
    """

    buildpacks: tuple[Mapping[str, str], ...]
    launcher_version: str
    extensions: tuple[Mapping[str, str], ...] = ()
    processes: tuple[RecordedProcess, ...] = ()
    default_process_type: str = ""
    command_lists: bool = True
    unstructured_bom: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give the label's form."""
        data: dict[str, Any] = {"bom": None} if self.unstructured_bom else {}
        data |= {"buildpacks": [dict(buildpack) for buildpack in self.buildpacks]}
        if self.extensions:
            data["extensions"] = [dict(extension) for extension in self.extensions]
        data |= {
            "launcher": {"version": self.launcher_version, "source": {"git": {"repository": "", "commit": ""}}},
            "processes": [process.to_json(command_list=self.command_lists) for process in self.processes],
        }
        if self.default_process_type:
            data["buildpack-default-process-type"] = self.default_process_type
        return data


def _slices(app: Any) -> list[Any]:
    """Give the app's slices; labels of long ago have one layer, not a list."""
    return [app] if isinstance(app, Mapping) else list(app or ())


def _choice(data: Mapping[str, Any]) -> RunImageChoice:
    return RunImageChoice(
        image=str(data.get("image") or ""), mirrors=tuple(str(mirror) for mirror in data.get("mirrors") or ())
    )


def _sha(data: Mapping[str, Any], key: str) -> str:
    return str((data.get(key) or {}).get("sha") or "")


def _plain(value: Any) -> Any:
    """Sort maps, and turn what TOML can hold but JSON cannot into text: dates, times, infinities."""
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date | dt.time):  # a datetime is a date
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
