"""An image as one file: an OCI layout in a tar, which ``skopeo`` and ``docker load`` of any version read.

It also holds the ``manifest.json`` of Docker's own archives: ``docker load`` before version 25 knows no layouts.
"""

from __future__ import annotations

import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from lifecycle_py.oci.model import REF_NAME_ANNOTATION, Descriptor, Image, MediaType, serialize


def write_archive(image: Image, references: tuple[str, ...], file: Path) -> None:
    """Write an archive whole or not at all. Times and owners are fixed: the same image gives the same file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target, tarfile.open(fileobj=target, mode="w") as archive:
            for path, data in _documents(image, references):
                _add(archive, path, len(data), BytesIO(data))
            for digest, layer in {layer.blob.digest: layer for layer in image.layers}.items():
                with layer.open_blob() as blob:
                    _add(archive, _blob_path(digest), layer.blob.size, blob)
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _documents(image: Image, references: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    serialized = serialize(image)
    manifests = [
        Descriptor(
            media_type=MediaType.MANIFEST,
            digest=serialized.digest,
            size=len(serialized.manifest),
            annotations={REF_NAME_ANNOTATION: reference, "io.containerd.image.name": f"docker.io/library/{reference}"}
            if "/" not in reference
            else {REF_NAME_ANNOTATION: reference},
        ).to_json()
        for reference in references
    ]
    index = {"schemaVersion": 2, "mediaType": MediaType.INDEX, "manifests": manifests}
    docker = [
        {
            "Config": _blob_path(serialized.image_id),
            "RepoTags": list(references),
            "Layers": [_blob_path(layer.blob.digest) for layer in image.layers],
        }
    ]
    yield "oci-layout", b'{"imageLayoutVersion":"1.0.0"}'
    yield "index.json", json.dumps(index, separators=(",", ":")).encode()
    yield "manifest.json", json.dumps(docker, separators=(",", ":")).encode()
    yield _blob_path(serialized.image_id), serialized.config
    yield _blob_path(serialized.digest), serialized.manifest


def _add(archive: tarfile.TarFile, path: str, size: int, data: IO[bytes]) -> None:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mode = 0o644
    archive.addfile(member, data)


def _blob_path(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"
