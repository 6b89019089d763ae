"""The nouns: descriptors, layers, configurations and images, as immutable values.

Spec: opencontainers/image-spec ``descriptor.md``, ``config.md``, ``manifest.md`` (v1.1).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, NewType

DiffId = NewType("DiffId", str)  # "sha256:<hex>" of a layer's uncompressed tar
Digest = NewType("Digest", str)  # "sha256:<hex>" of a blob as it is stored
ImageId = NewType("ImageId", str)  # "sha256:<hex>" of an image's config

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

REF_NAME_ANNOTATION = "org.opencontainers.image.ref.name"

UNKNOWN_SIZE = -1  # of a blob that nobody measured: a Docker daemon does not say how long a layer's tar is


class MediaType(StrEnum):
    """Media types this project writes."""

    INDEX = "application/vnd.oci.image.index.v1+json"
    MANIFEST = "application/vnd.oci.image.manifest.v1+json"
    CONFIG = "application/vnd.oci.image.config.v1+json"
    LAYER = "application/vnd.oci.image.layer.v1.tar"
    LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
    LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def parse_digest(text: str) -> Digest:
    """Check the form of a digest, which may become a path; raises ValueError when it is none."""
    if not _DIGEST.fullmatch(text):
        raise ValueError(f"{text!r} is not a digest")
    return Digest(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """A blob as an index or manifest names it; ``size`` in bytes, or ``UNKNOWN_SIZE``."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        data: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.artifact_type:
            data["artifactType"] = self.artifact_type
        if self.annotations:
            data["annotations"] = dict(sorted(self.annotations.items()))
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Descriptor:
        """Read the JSON form; raises KeyError or ValueError when it is not one."""
        return cls(
            media_type=str(data["mediaType"]),
            digest=parse_digest(str(data["digest"])),
            size=int(data["size"]),
            annotations=data.get("annotations") or {},
            artifact_type=str(data.get("artifactType") or ""),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """An OCI layer: the tar it holds, the blob that stores it, and how to get at the blob's bytes.

    ``file`` is set when the blob is a file of this machine, which stores may link instead of copying; ``tar`` when the
    uncompressed tar is one, too.
    """

    diff_id: DiffId
    blob: Descriptor
    open_blob: Callable[[], BinaryIO]
    file: Path | None = None
    tar: Path | None = None

    @property
    def is_tar(self) -> bool:
        """Tell whether the blob is the uncompressed tar itself."""
        return str(self.blob.digest) == self.diff_id


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """One line of an image's history."""

    created: str
    created_by: str
    empty_layer: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give the JSON form."""
        data: dict[str, Any] = {"created": self.created}
        if self.created_by:
            data["created_by"] = self.created_by
        if self.empty_layer:
            data["empty_layer"] = True
        return data


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageConfig:
    """What an image runs and on what. ``other`` keeps fields this project has no opinion on (ports, volumes …)."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""
    created: str = ""
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    working_dir: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    history: tuple[History, ...] = ()
    other: Mapping[str, Any] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Give the environment as a mapping; a value may itself hold ``=``."""
        return dict(entry.partition("=")[::2] for entry in self.env)


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image. A change makes a new value."""

    config: ImageConfig
    layers: tuple[Layer, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SerializedImage:
    """The bytes of an image: the one place where they are made, so that every store gives the same digest."""

    config: bytes
    manifest: bytes

    @property
    def image_id(self) -> ImageId:
        """Give the digest of the config."""
        return ImageId(sha256(self.config))

    @property
    def digest(self) -> Digest:
        """Give the digest of the manifest, by which the image is pulled."""
        return sha256(self.manifest)


def measured(image: Image) -> Image:
    """Give the image with every layer's size known, as manifests need it; fetches layers whose size is not."""
    return replace(image, layers=tuple(_measured_layer(layer) for layer in image.layers))


def _measured_layer(layer: Layer) -> Layer:
    if layer.blob.size != UNKNOWN_SIZE:
        return layer
    with layer.open_blob() as blob:
        return replace(layer, blob=replace(layer.blob, size=blob.seek(0, os.SEEK_END)))


def sha256(data: bytes) -> Digest:
    """Digest bytes that are at hand."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def serialize(image: Image) -> SerializedImage:
    """Give config and manifest as canonical JSON: fixed key order, no spaces."""
    config = _json(config_to_json(image.config, tuple(layer.diff_id for layer in image.layers)))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MediaType.MANIFEST,
        "config": Descriptor(media_type=MediaType.CONFIG, digest=sha256(config), size=len(config)).to_json(),
        "layers": [layer.blob.to_json() for layer in image.layers],
    }
    if image.annotations:
        manifest["annotations"] = dict(sorted(image.annotations.items()))
    return SerializedImage(config=config, manifest=_json(manifest))


def config_to_json(config: ImageConfig, diff_ids: tuple[DiffId, ...]) -> dict[str, Any]:
    """Give the config's JSON form, leaving out what is empty as Go's ``omitempty`` does."""
    run: dict[str, Any] = {
        "User": config.user,
        "Env": list(config.env),
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.cmd),
        "WorkingDir": config.working_dir,
        "Labels": dict(sorted(config.labels.items())),
        **config.other,
    }
    data: dict[str, Any] = {
        "created": config.created,
        "architecture": config.architecture,
        "variant": config.variant,
        "os": config.os,
        "config": {key: value for key, value in sorted(run.items()) if value},
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
        "history": [entry.to_json() for entry in config.history],
    }
    return {key: value for key, value in data.items() if value}


def config_from_json(data: Mapping[str, Any]) -> tuple[ImageConfig, tuple[DiffId, ...]]:
    """Read a config; raises KeyError or TypeError when it is not one."""
    run = data.get("config") or {}
    known = {"User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels"}
    config = ImageConfig(
        os=str(data["os"]),
        architecture=str(data["architecture"]),
        variant=str(data.get("variant") or ""),
        created=str(data.get("created") or ""),
        env=tuple(run.get("Env") or ()),
        labels=run.get("Labels") or {},
        user=str(run.get("User") or ""),
        working_dir=str(run.get("WorkingDir") or ""),
        entrypoint=tuple(run.get("Entrypoint") or ()),
        cmd=tuple(run.get("Cmd") or ()),
        history=tuple(
            History(
                created=str(entry.get("created") or ""),
                created_by=str(entry.get("created_by") or ""),
                empty_layer=bool(entry.get("empty_layer")),
            )
            for entry in data.get("history") or ()
        ),
        other={key: value for key, value in run.items() if key not in known},
    )
    return config, tuple(DiffId(str(diff_id)) for diff_id in data["rootfs"]["diff_ids"])


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
