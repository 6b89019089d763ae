"""Images in a Docker daemon, which is never sent a layer it has.

A daemon with a graph driver, the usual one, keeps neither manifests nor the blobs layers came as: images are known by
their ID, and a layer found there has its uncompressed tar for a blob. One with the containerd image store keeps both.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Final

from lifecycle_py.oci.daemon.described import described_config
from lifecycle_py.oci.daemon.engine import DockerEngine, connect
from lifecycle_py.oci.daemon.exported_layers import ExportedLayers
from lifecycle_py.oci.daemon.readable_layer import readable_layer
from lifecycle_py.oci.errors import DaemonRefusedError, RegistryReferenceError, StoreCorruptError
from lifecycle_py.oci.image_archive import archive_chunks, partial_archive_chunks
from lifecycle_py.oci.model import (
    UNKNOWN_SIZE,
    Descriptor,
    DiffId,
    Digest,
    Image,
    Layer,
    MediaType,
    measured,
    serialize,
)
from lifecycle_py.oci.registry.reference import parse_reference
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage, nothing_ahead

_IMAGE_ID: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class DaemonStore:
    """Implements ``ImageStore`` over one Docker daemon."""

    def __init__(self, engine: DockerEngine) -> None:
        """Use a daemon that is connected to."""
        self._engine = engine

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> DaemonStore:
        """Connect to the daemon the usual variables name; what root connects to can be used after dropping privileges.

        Raises:
            DaemonUnreachableError: there is none, or this user may not speak to it.
        """
        return cls(connect(environ))

    def find(self, reference: str) -> FoundImage | None:
        """Find an image by name, ``name@digest`` or ID."""
        name, found = self._inspect(reference)
        if found is None:
            return None
        try:
            image_id = Digest(str(found["Id"]))
            config, diff_ids = described_config(found, self._engine.history(image_id))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorruptError(place=self._engine.host, problem=f"image '{reference}': {error!r}") from error
        exported = ExportedLayers(self._engine, image_id, frozenset(diff_ids))
        image = Image(config=config, layers=tuple(_layer(diff_id, exported) for diff_id in diff_ids))
        return FoundImage(image=image, reference=f"{name}@{image_id}" if name else image_id, digest=image_id)

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        """Save an image under all references at once. The digest is the one the daemon knows the image by."""
        names = [self._name(reference) for reference in references]
        if self._engine.keeps_blobs:
            image = measured(image)
            self._engine.load(archive_chunks(image, names))
        else:
            self._load_missing(image, names)
        serialized = serialize(image)
        stored = self._engine.inspect(names[0]) or {}
        expected = serialized.digest if self._engine.keeps_blobs else serialized.image_id
        if stored.get("Id") != expected:
            problem = f"image '{names[0]}' was stored as {stored.get('Id')}, sent was {expected}"
            raise StoreCorruptError(place=self._engine.host, problem=problem)
        return SavedImage(
            references=tuple(references),
            digest=Digest(expected),
            image_id=serialized.image_id,
            manifest_size=len(serialized.manifest) if self._engine.keeps_blobs else 0,
        )

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        """Bring nothing ahead: saving takes layers from this machine."""
        del references
        return nothing_ahead()

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure the daemon answers; it gives everyone who may speak to it every right."""
        del reference, write
        self._engine.check()

    def _inspect(self, reference: str) -> tuple[str, Mapping[str, object] | None]:
        """Give an image's name and description; the name is empty when it was asked for by ID."""
        if _IMAGE_ID.fullmatch(reference):
            return "", self._engine.inspect(reference)
        name, at, digest = reference.partition("@")
        place = parse_reference(reference)
        if not at:
            return name, self._engine.inspect(str(place))
        # A digest is an image's ID, or that of the manifest it was pulled by.
        return name, self._engine.inspect(digest) or self._engine.inspect(str(place))

    @staticmethod
    def _name(reference: str) -> str:
        place = parse_reference(reference)
        if place.digest:
            raise RegistryReferenceError(reference=reference, problem="an image is saved under a tag, not a digest")
        return str(place)

    def _load_missing(self, image: Image, names: Sequence[str]) -> None:
        """Send what the daemon lacks; everything, when it says that something is missing after all."""
        present = self._layers_present(image, names)
        try:
            self._load_from(image, names, present)
        except DaemonRefusedError:
            if not present:
                raise
            # An image was deleted meanwhile, or this is another engine that only speaks Docker's language.
            self._load_from(image, names, 0)

    def _load_from(self, image: Image, names: Sequence[str], first: int) -> None:
        with tempfile.TemporaryDirectory(prefix="offramp-load-") as directory:
            sent = tuple(readable_layer(layer, Path(directory)) for layer in image.layers[first:])
            layers = measured(dataclasses.replace(image, layers=sent)).layers
            sending = dataclasses.replace(image, layers=(*image.layers[:first], *layers))
            self._engine.load(partial_archive_chunks(sending, names, first))

    def _layers_present(self, image: Image, names: Sequence[str]) -> int:
        """Tell how many of an image's first layers the daemon has: layers are found by all that is below them."""
        wanted = tuple(layer.diff_id for layer in image.layers)
        most = 0
        for candidate in (*names, *self._engine.image_ids()):
            if most == len(wanted):
                break
            found = self._engine.inspect(candidate) or {}
            most = max(most, _common(wanted, (found.get("RootFS") or {}).get("Layers") or ()))
        return most


def _layer(diff_id: DiffId, exported: ExportedLayers) -> Layer:
    blob = Descriptor(media_type=MediaType.LAYER, digest=Digest(diff_id), size=UNKNOWN_SIZE)
    return Layer(diff_id=diff_id, blob=blob, open_blob=partial(exported.open, diff_id))


def _common(wanted: Sequence[str], present: Sequence[str]) -> int:
    count = 0
    for one, other in zip(wanted, present, strict=False):
        if one != other:
            break
        count += 1
    return count
