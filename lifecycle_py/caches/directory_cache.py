"""A cache in a directory: content-addressed blobs and one file that says what they are.

    <directory>/cache.json       what is cached, replaced at once
    <directory>/blobs/sha256/…   layer blobs; those that cache.json no longer names are deleted after it was replaced

Killed at any moment, it is either the old cache or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from lifecycle_py.caches.cache import CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import Descriptor, DiffId, Layer
from lifecycle_py.oci.verified_reader import open_verified_blob
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import RecordedBuildpack
from lifecycle_py.spec.json_text import parse_json

_VERSION = 1


class DirectoryCache:
    """Implements ``Cache``."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it is made by the first update."""
        self.directory = directory
        self._blobs = BlobDirectory(directory / "blobs")

    def contents(self) -> CacheContents:
        """Read what there is. A cache of another version, or a damaged one, is as good as none."""
        try:
            data = parse_json((self.directory / "cache.json").read_bytes())
            return self._parse(data) if data["version"] == _VERSION else CacheContents()
        except FileNotFoundError:
            return CacheContents()
        except OSError as error:
            raise CacheUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
            return CacheContents()

    def open_layer(self, diff_id: DiffId) -> BinaryIO:
        """Open the tar of a layer. Its blob is verified while it is read; a damaged one is deleted."""
        layer = self.contents().layer(diff_id)
        if layer is None or layer.file is None:
            raise CacheUnusableError(place=str(self.directory), problem=f"layer {diff_id} is not in it")
        file = layer.file
        try:
            return open_verified_blob(
                file.open("rb"), layer.blob.digest, str(file), on_damage=lambda: file.unlink(missing_ok=True)
            )
        except OSError as error:
            raise CacheUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error

    def new_tar(self) -> Path | None:
        """Give nothing: blobs are kept, which the exporter writes anyway."""
        return None

    @contextlib.contextmanager
    def update(self) -> Iterator[_Update]:
        """Gather the next contents and put them in place at the end."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with (self.directory / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                update = _Update(self._blobs)
                yield update
                self._replace(update)
                self._delete_unnamed(update)
        except OSError as error:
            raise CacheUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error

    def _parse(self, data: Mapping[str, Any]) -> CacheContents:
        layers = tuple(
            self._blobs.layer(DiffId(diff_id), Descriptor.from_json(blob)) for diff_id, blob in data["layers"].items()
        )
        return CacheContents(
            buildpacks=tuple(RecordedBuildpack.from_json(buildpack) for buildpack in data["buildpacks"]),
            layers=tuple(layer for layer in layers if self._blobs.has(layer.blob.digest, layer.blob.size)),
            sbom=DiffId(str(data["sbom"])) if data.get("sbom") else None,
        )

    def _replace(self, update: _Update) -> None:
        data = {
            "version": _VERSION,
            "buildpacks": [buildpack.to_json() for buildpack in update.buildpacks],
            "sbom": update.sbom,
            "layers": {diff_id: layer.blob.to_json() for diff_id, layer in sorted(update.layers.items())},
        }
        temporary = self.directory / f".cache.json.{os.getpid()}"
        temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
        temporary.replace(self.directory / "cache.json")

    def _delete_unnamed(self, update: _Update) -> None:
        named = {layer.blob.digest.removeprefix("sha256:") for layer in update.layers.values()}
        for file in (self.directory / "blobs" / "sha256").glob("*"):
            if file.name not in named:
                file.unlink(missing_ok=True)
        for partial in (self.directory / "blobs").glob(".partial-*"):
            partial.unlink(missing_ok=True)  # of an update that was killed: this one holds the lock


class _Update:
    """Implements ``CacheUpdate``."""

    def __init__(self, blobs: BlobDirectory) -> None:
        self._blobs = blobs
        self.buildpacks: list[RecordedBuildpack] = []
        self.layers: dict[DiffId, Layer] = {}
        self.sbom = ""

    def record(self, buildpack: RecordedBuildpack, layers: Sequence[Layer]) -> None:
        for layer in layers:
            self._take(layer)
        self.buildpacks.append(buildpack)

    def record_sbom(self, layer: Layer) -> None:
        self._take(layer)
        self.sbom = layer.diff_id

    def _take(self, layer: Layer) -> None:
        self._blobs.take(layer)
        self.layers[layer.diff_id] = layer
