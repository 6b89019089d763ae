"""Images in an OCI layout directory: the default store, which needs no server and no daemon.

Spec: opencontainers/image-spec ``image-layout.md`` (v1.1). References are values of
``org.opencontainers.image.ref.name`` in ``index.json``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import StoreCorruptError, StoreUnusableError
from lifecycle_py.oci.layout_garbage import unreferenced_blobs
from lifecycle_py.oci.layout_referrers import find_referrers, without_abandoned, write_artifacts
from lifecycle_py.oci.model import (
    REF_NAME_ANNOTATION,
    Descriptor,
    Digest,
    Image,
    MediaType,
    config_from_json,
    serialize,
    sha256,
)
from lifecycle_py.oci.referrers import Artifact, Referrer, sorted_referrers
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage, nothing_ahead
from lifecycle_py.spec.json_text import parse_json

_LAYOUT_FILE = b'{"imageLayoutVersion":"1.0.0"}'


class LayoutStore:
    """Implements ``ImageStore`` over one layout directory, safe for several processes at once."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it becomes a layout with the first image saved."""
        self.directory = directory
        self.blobs = BlobDirectory(directory / "blobs")

    def references(self) -> tuple[str, ...]:
        """List the names in the layout, sorted."""
        names = (entry.annotations.get(REF_NAME_ANNOTATION, "") for entry in self._entries())
        return tuple(sorted(name for name in names if name))

    def find(self, reference: str) -> FoundImage | None:
        """Find an image by name or by ``name@digest``."""
        name, _, digest = reference.partition("@")
        for entry in self._entries():
            if digest and entry.digest == digest:
                return self._load(name, entry)
            if not digest and entry.annotations.get(REF_NAME_ANNOTATION) == name:
                return self._load(name, entry)
        return None

    def find_only(self) -> FoundImage | None:
        """Find the image of a layout that holds just one, whatever it is called."""
        entries = [entry for entry in self._entries() if not entry.artifact_type]
        return self._load("", entries[0]) if len(entries) == 1 else None

    def save(self, image: Image, references: Sequence[str], *, sparse: bool = False) -> SavedImage:
        """Save an image under each reference: blobs first, the index last and at once.

        A ``sparse`` layout may lack the blobs of layers that its source lacks too.
        """
        try:
            layers = tuple(
                layer if sparse and layer.file and not layer.file.exists() else self.blobs.take(layer)
                for layer in image.layers
            )
            serialized = serialize(dataclasses.replace(image, layers=layers))
            self.blobs.write_bytes(serialized.config)
            self.blobs.write_bytes(serialized.manifest)
            entry = Descriptor(media_type=MediaType.MANIFEST, digest=serialized.digest, size=len(serialized.manifest))
            with self._locked():
                self._write_index(entry, references)
            self.blobs.remove_abandoned()
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        return SavedImage(
            references=tuple(references),
            digest=serialized.digest,
            image_id=serialized.image_id,
            manifest_size=len(serialized.manifest),
        )

    def attach(self, reference: str, subject: Descriptor, artifacts: Sequence[Artifact]) -> None:
        """Attach documents to an image: their blobs first, the index last."""
        del reference  # digests name the images of a layout
        try:
            entries = write_artifacts(self.blobs, subject, artifacts)
            with self._locked():
                known = {entry.digest for entry in self._entries()}
                self._replace_index((*self._entries(), *(entry for entry in entries if entry.digest not in known)))
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error

    def attached(self, reference: str, subject: Digest) -> tuple[Referrer, ...]:
        """List what is attached to an image."""
        del reference
        return sorted_referrers(find_referrers(self.blobs, self._entries(), subject))

    def remove(self, reference: str) -> bool:
        """Take a name away; its blobs go with ``remove_unreferenced``. False when there is no such name.

        Raises:
            StoreError: the layout cannot be read or changed.
        """
        try:
            if reference not in self.references():
                return False
            with self._locked():
                self._write_index(None, [reference])
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        return True

    def remove_unreferenced(self) -> int:
        """Delete blobs that no image of the layout uses, and what is attached to none; gives the bytes that freed.

        Raises:
            StoreError: the layout cannot be read or changed.
        """
        freed = 0
        try:
            with self._locked():
                entries = without_abandoned(self.blobs, self._entries())
                if entries != self._entries():
                    self._replace_index(entries)
                index = {"manifests": [entry.to_json() for entry in entries]}
                for file in unreferenced_blobs(self.directory, index):
                    freed += file.stat().st_size
                    file.unlink()
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        return freed

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        """Bring nothing ahead: saving takes layers from this machine."""
        del references
        return nothing_ahead()

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure the directory can be made and written."""
        del reference  # every reference of a layout needs the same right
        if not write:
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise StoreUnusableError(place=str(self.directory), problem="Permission denied")

    def _load(self, name: str, entry: Descriptor) -> FoundImage:
        try:
            manifest = self._read_json(entry)
            config_entry = Descriptor.from_json(manifest["config"])
            layer_entries = [Descriptor.from_json(layer) for layer in manifest["layers"]]
            config, diff_ids = config_from_json(self._read_json(config_entry))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorruptError(place=str(self.directory), problem=f"image '{name}': {error!r}") from error
        if len(diff_ids) != len(layer_entries):
            problem = f"image '{name}' has {len(layer_entries)} layers but {len(diff_ids)} diff IDs"
            raise StoreCorruptError(place=str(self.directory), problem=problem)
        layers = tuple(self.blobs.layer(diff_id, layer) for diff_id, layer in zip(diff_ids, layer_entries, strict=True))
        image = Image(config=config, layers=layers, annotations=manifest.get("annotations") or {})
        return FoundImage(image=image, reference=f"{name}@{entry.digest}", digest=entry.digest)

    def _read_json(self, entry: Descriptor) -> dict[str, Any]:
        try:
            data = self.blobs.path(entry.digest).read_bytes()
        except OSError as error:
            problem = f"blob {entry.digest}: {error.strerror}"
            raise StoreCorruptError(place=str(self.directory), problem=problem) from error
        if sha256(data) != entry.digest:
            raise StoreCorruptError(place=str(self.directory), problem=f"blob {entry.digest} has other contents")
        return dict(parse_json(data))

    def _entries(self) -> tuple[Descriptor, ...]:
        try:
            index = parse_json((self.directory / "index.json").read_bytes())
            return tuple(Descriptor.from_json(entry) for entry in index["manifests"])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreUnusableError(place=str(self.directory), problem=error.strerror or str(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreCorruptError(place=str(self.directory), problem=f"index.json: {error!r}") from error

    def _write_index(self, new: Descriptor | None, references: Sequence[str]) -> None:
        """Give the references to a new entry, or to none."""
        kept = [entry for entry in self._entries() if entry.annotations.get(REF_NAME_ANNOTATION) not in references]
        named = [replace(new, annotations={REF_NAME_ANNOTATION: name}) for name in references] if new else []
        self._replace_index((*kept, *named))

    def _replace_index(self, entries: Sequence[Descriptor]) -> None:
        index = {
            "schemaVersion": 2,
            "mediaType": MediaType.INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
        _replace(self.directory / "oci-layout", _LAYOUT_FILE)
        _replace(self.directory / "index.json", json.dumps(index, separators=(",", ":")).encode())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # The index is read, changed and replaced: two savers must not do that at once.
        with (self.directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _replace(file: Path, data: bytes) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    temporary.replace(file)
