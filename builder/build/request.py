"""What the user asked to be built, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.build.executor import Network
from builder.images.builder_toml import DEFAULT
from lifecycle_py.oci.compression import Compression


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """A build.

    ``references`` are names with tags; the first is the one whose previous image is reused. ``buildpacks`` replace the
    builder's order when given: directories or ids.
    """

    app: Path
    references: tuple[str, ...]
    builder: Path = DEFAULT
    buildpacks: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None
    compression: Compression = Compression.GZIP
    network: Network = Network.HOST
    default_process: str = ""
    workspace: str = "/app"
    source_date_epoch: int | None = None
