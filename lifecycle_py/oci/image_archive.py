"""An image as one stream: an OCI layout in a tar, which ``skopeo`` and Docker of any version read.

It also holds the ``manifest.json`` of Docker's own archives: ``docker load`` before version 25 knows no layouts, and
later ones without the containerd image store prefer it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from typing import Final

from lifecycle_py.oci.model import REF_NAME_ANNOTATION, Descriptor, Image, Layer, MediaType, SerializedImage, serialize
from lifecycle_py.oci.registry.reference import parse_reference

_CONTAINERD_NAME: Final = "io.containerd.image.name"
_CHUNK: Final = 1 << 20


def archive_chunks(image: Image, references: Sequence[str]) -> Iterator[bytes]:
    """Give a whole image. Times and owners are fixed: the same image gives the same bytes."""
    serialized = serialize(image)
    yield from _file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    yield from _file("index.json", _json(_index(serialized, references)))
    yield from _file("manifest.json", _json(_docker_index(image, serialized, references)))
    yield from _file(_blob_path(serialized.image_id), serialized.config)
    yield from _file(_blob_path(serialized.digest), serialized.manifest)
    for layer in _different(image.layers):
        yield from _layer(layer)
    yield _END


def partial_archive_chunks(image: Image, references: Sequence[str], present: int) -> Iterator[bytes]:
    """Give an image for a Docker daemon that has the first ``present`` layers: in place of those stands an empty file.

    A daemon with a graph driver finds a layer by its own and all lower diff IDs, and then does not open its file.
    """
    serialized = serialize(image)
    placeholders = [f"present/{number}" for number in range(present)]
    yield from _file("manifest.json", _json(_docker_index(image, serialized, references, placeholders)))
    yield from _file(_blob_path(serialized.image_id), serialized.config)
    for name in placeholders:
        yield from _file(name, b"")
    for layer in _different(image.layers[present:]):
        yield from _layer(layer)
    yield _END


_END: Final = bytes(2 * tarfile.BLOCKSIZE)


def _index(serialized: SerializedImage, references: Sequence[str]) -> dict[str, object]:
    manifests = [
        Descriptor(
            media_type=MediaType.MANIFEST,
            digest=serialized.digest,
            size=len(serialized.manifest),
            annotations={REF_NAME_ANNOTATION: reference, _CONTAINERD_NAME: str(parse_reference(reference))},
        ).to_json()
        for reference in references
    ]
    return {"schemaVersion": 2, "mediaType": MediaType.INDEX, "manifests": manifests}


def _docker_index(
    image: Image, serialized: SerializedImage, references: Sequence[str], first_layers: Sequence[str] = ()
) -> list[dict[str, object]]:
    others = [_blob_path(layer.blob.digest) for layer in image.layers[len(first_layers) :]]
    return [
        {
            "Config": _blob_path(serialized.image_id),
            "RepoTags": list(references),
            "Layers": [*first_layers, *others],
        }
    ]


def _different(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    return tuple({layer.blob.digest: layer for layer in layers}.values())


def _file(path: str, data: bytes) -> Iterator[bytes]:
    yield _header(path, len(data))
    if data:
        yield data + _padding(len(data))


def _layer(layer: Layer) -> Iterator[bytes]:
    yield _header(_blob_path(layer.blob.digest), layer.blob.size)
    with layer.open_blob() as blob:
        while chunk := blob.read(_CHUNK):
            yield chunk
    yield _padding(layer.blob.size)


def _header(path: str, size: int) -> bytes:
    member = tarfile.TarInfo(path)
    member.size = size
    member.mode = 0o644
    return member.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def _json(data: object) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _blob_path(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"
