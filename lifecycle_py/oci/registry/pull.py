"""From a reference to an image: index or manifest, OCI's or Docker's media types, its config; layers stay there.

Spec: opencontainers/image-spec ``image-index.md``, ``manifest.md``; Docker's "Image Manifest V 2, Schema 2".
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from lifecycle_py.oci.errors import PlatformMissingError, RegistryAnswerError
from lifecycle_py.oci.model import (
    Descriptor,
    DiffId,
    Digest,
    Image,
    ImageConfig,
    Layer,
    MediaType,
    config_from_json,
)
from lifecycle_py.oci.registry.blob_reader import RemoteBlob
from lifecycle_py.oci.registry.client import Call, RegistryClient
from lifecycle_py.oci.registry.reference import Reference
from lifecycle_py.oci.registry.refusals import error_codes, refusal
from lifecycle_py.spec.json_text import parse_json

_DOCKER: Final = "application/vnd.docker"
_INDEXES: Final = (MediaType.INDEX.value, f"{_DOCKER}.distribution.manifest.list.v2+json")
_MANIFESTS: Final = (MediaType.MANIFEST.value, f"{_DOCKER}.distribution.manifest.v2+json")
ACCEPTED: Final = ", ".join((*_MANIFESTS, *_INDEXES))
_CONFIGS: Final = (MediaType.CONFIG.value, f"{_DOCKER}.container.image.v1+json")
# Families are not to be mixed in one image, so all layers have OCI's names from here on; the blobs are the same.
_LAYERS: Final = {
    f"{_DOCKER}.image.rootfs.diff.tar": MediaType.LAYER.value,
    f"{_DOCKER}.image.rootfs.diff.tar.gzip": MediaType.LAYER_GZIP.value,
    f"{_DOCKER}.image.rootfs.diff.tar.zstd": MediaType.LAYER_ZSTD.value,
}
_MOST_OF_A_CONFIG: Final = 16 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledImage:
    """An image and the digest of its own manifest, never of an index."""

    image: Image
    digest: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class _Manifest:
    digest: Digest
    media_type: str
    data: Mapping[str, Any]


class Puller:
    """Reads one reference from one host, which is its home or a mirror of that."""

    def __init__(self, client: RegistryClient, reference: Reference, host: str) -> None:
        """Ask ``host``; layers fall back to the reference's own."""
        self._client = client
        self._reference = reference
        self._host = host

    def find(self) -> PulledImage | None:
        """Find the image for this platform; None when there is none of that name.

        Raises:
            StoreError: could not tell, or what is there is no image.
        """
        manifest = self._manifest(self._reference.target)
        if manifest is not None and manifest.media_type in _INDEXES:
            chosen = self._choose(manifest)
            manifest = self._manifest(chosen)
            if manifest is None:
                raise self._wrong(chosen, "the index names it, but it is not there")
        if manifest is None:
            return None
        if manifest.media_type not in _MANIFESTS:
            raise self._wrong(manifest.digest, f"'{manifest.media_type}' is no image's manifest")
        try:
            return PulledImage(image=self._image(manifest), digest=manifest.digest)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._wrong(manifest.digest, f"it cannot be read: {error!r}") from error

    def _manifest(self, target: str) -> _Manifest | None:
        call = Call(
            method="GET",
            host=self._host,
            repository=self._reference.repository,
            path=f"manifests/{target}",
            headers={"Accept": ACCEPTED},
            accept=(HTTPStatus.OK, HTTPStatus.NOT_FOUND),
        )
        answer = self._client.call(call)
        if answer.status == HTTPStatus.NOT_FOUND:
            if not error_codes(answer.data)[0] and not self._client.is_registry(call):
                path = f"GET /v2/{call.repository}/{call.path}"
                raise refusal(self._host, path, answer.status, answer.headers, answer.data)
            return None
        digest = self._digest(target, answer.headers.get("Docker-Content-Digest", ""), answer.data)
        try:
            data = parse_json(answer.data)
            announced = answer.headers.get("Content-Type", "").partition(";")[0].strip()
            media_type = str(data.get("mediaType") or announced)
        except (ValueError, AttributeError) as error:
            raise self._wrong(target, "it is not a manifest's JSON") from error
        if announced.startswith("application/vnd.") and announced != media_type:
            raise self._wrong(target, f"it is announced as '{announced}' but calls itself '{media_type}'")
        return _Manifest(digest=digest, media_type=media_type, data=data)

    def _digest(self, target: str, announced: str, data: bytes) -> Digest:
        """Digest a manifest; what was asked for by digest, or announced with one, must have it."""
        expected = target if ":" in target else announced
        algorithm = "sha512" if expected.startswith("sha512:") else "sha256"
        actual = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        if expected and actual != expected:
            raise self._wrong(target, f"its digest is {actual}, announced was {expected}")
        return Digest(actual)

    def _choose(self, index: _Manifest) -> Digest:
        """Choose the first image for this platform; attestations have the platform ``unknown``."""
        wanted = f"linux/{self._client.settings.architecture}"
        try:
            entries = [(_platform(entry), Descriptor.from_json(entry)) for entry in index.data["manifests"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._wrong(index.digest, f"its index cannot be read: {error!r}") from error
        for platform, entry in entries:
            if platform == wanted and entry.media_type in (*_MANIFESTS, *_INDEXES):
                return entry.digest
        available = tuple(dict.fromkeys(name for name, _ in entries if not name.startswith("unknown/")))
        raise PlatformMissingError(reference=str(self._reference), platform=wanted, available=available)

    def _image(self, manifest: _Manifest) -> Image:
        entry = Descriptor.from_json(manifest.data["config"])
        if entry.media_type not in _CONFIGS:
            raise self._wrong(manifest.digest, f"it is no image but '{entry.media_type}'")
        config, diff_ids = self._config(entry)
        layers = [Descriptor.from_json(layer) for layer in manifest.data["layers"]]
        if len(layers) != len(diff_ids):
            problem = f"it has {len(layers)} layers but {len(diff_ids)} diff IDs"
            raise self._wrong(manifest.digest, problem)
        return Image(
            config=config,
            layers=tuple(self._layer(diff_id, layer) for diff_id, layer in zip(diff_ids, layers, strict=True)),
            annotations=manifest.data.get("annotations") or {},
        )

    def _config(self, entry: Descriptor) -> tuple[ImageConfig, tuple[DiffId, ...]]:
        if entry.size > _MOST_OF_A_CONFIG:
            raise self._wrong(entry.digest, f"a config of {entry.size} bytes is not read")
        blob = RemoteBlob(client=self._client, hosts=self._hosts(), repository=self._reference.repository, blob=entry)
        with blob() as file:
            return config_from_json(parse_json(file.read()))

    def _layer(self, diff_id: DiffId, found: Descriptor) -> Layer:
        blob = dataclasses.replace(found, media_type=_LAYERS.get(found.media_type, found.media_type))
        remote = RemoteBlob(client=self._client, hosts=self._hosts(), repository=self._reference.repository, blob=blob)
        return Layer(diff_id=diff_id, blob=blob, open_blob=remote)

    def _hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._host, self._reference.host)))

    def _wrong(self, target: str, problem: str) -> RegistryAnswerError:
        return RegistryAnswerError(
            registry=self._host, subject=f"'{self._reference.repository}' ({target})", problem=problem
        )


def _platform(entry: Mapping[str, Any]) -> str:
    platform = entry.get("platform") or {}
    return f"{platform.get('os', 'unknown')}/{platform.get('architecture', 'unknown')}"
