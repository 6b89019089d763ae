"""The processes of an app image, read back from its labels.

``io.buildpacks.build.metadata`` is the truth of what the launcher starts; ``dev.offramp.procfile`` adds the command as
the developer wrote it, which is what people want to read.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.spec.image_labels import BUILD_METADATA_LABEL

PROCFILE_LABEL = "dev.offramp.procfile"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageProcess:
    """A process type. ``command`` is what a person wrote; ``name`` the key in the Procfile as it stood there."""

    type: str
    command: str
    name: str
    default: bool = False
    direct: bool = True
    working_dir: str = ""
    buildpack_id: str = ""
    exec_env: tuple[str, ...] = ()


def read_processes(config: ImageConfig) -> tuple[ImageProcess, ...]:
    """Read the processes, sorted by type; empty for an image that no lifecycle made."""
    metadata = _load(config.labels.get(BUILD_METADATA_LABEL, "{}"), {})
    written = {entry["type"]: entry for entry in _load(config.labels.get(PROCFILE_LABEL, "[]"), [])}
    default = str(metadata.get("buildpack-default-process-type", ""))
    processes = (_process(entry, written, default) for entry in metadata.get("processes") or ())
    return tuple(sorted(processes, key=lambda process: process.type))


def buildpacks_of(config: ImageConfig) -> tuple[str, ...]:
    """Read the buildpacks that built the image, as ``id@version``."""
    metadata = _load(config.labels.get(BUILD_METADATA_LABEL, "{}"), {})
    return tuple(f"{entry.get('id')}@{entry.get('version')}" for entry in metadata.get("buildpacks") or ())


def _process(entry: Mapping[str, Any], written: Mapping[str, Mapping[str, Any]], default: str) -> ImageProcess:
    process_type = str(entry["type"])
    command = entry.get("command") or ()
    words = [command, *entry.get("args", ())] if isinstance(command, str) else [*command, *(entry.get("args") or ())]
    from_procfile = written.get(process_type)
    return ImageProcess(
        type=process_type,
        command=str(from_procfile["command"]) if from_procfile else shlex.join(words),
        name=str(from_procfile["key"]) if from_procfile else process_type,
        default=process_type == default,
        direct=bool(entry.get("direct")),
        working_dir=str(entry.get("working-dir") or ""),
        buildpack_id=str(entry.get("buildpackID") or ""),
        exec_env=tuple(entry.get("exec-env") or ()),
    )


def _load(text: str, fallback: Any) -> Any:
    """Parse a label; one that is damaged says nothing."""
    try:
        value = json.loads(text)
    except ValueError:
        return fallback
    return value if isinstance(value, type(fallback)) else fallback
