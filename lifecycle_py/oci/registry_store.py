"""Images in registries: read and written over HTTP, without a daemon.

Spec: opencontainers/distribution-spec ``spec.md`` (v1.1). References are ``HOST/REPOSITORY:TAG``, and Docker Hub's
short names.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from lifecycle_py.oci.errors import RegistryAnswerError, RegistryReferenceError, RegistryRefusedError, StoreError
from lifecycle_py.oci.model import (
    UNKNOWN_SIZE,
    Descriptor,
    Digest,
    Image,
    Layer,
    MediaType,
    SerializedImage,
    measured,
    serialize,
)
from lifecycle_py.oci.referrers import Artifact, Referrer
from lifecycle_py.oci.registry.blob_reader import RemoteBlob
from lifecycle_py.oci.registry.client import Call, RegistryClient
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.pull import ACCEPTED, Puller
from lifecycle_py.oci.registry.reference import Reference, parse_reference
from lifecycle_py.oci.registry.referrers import RegistryReferrers
from lifecycle_py.oci.registry.settings import RegistrySettings, settings_from_environment
from lifecycle_py.oci.registry.upload import Blob, Uploader, UploadStoppedError
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage

_BLOB_MISSING: Final = "MANIFEST_BLOB_UNKNOWN"


class RegistryStore:
    """Implements ``ImageStore`` over all registries. Layers it finds are read when they are opened."""

    def __init__(self, settings: RegistrySettings, keychain: Keychain) -> None:
        """Use these settings and credentials; nothing is read or connected yet."""
        self._settings = settings
        self._client = RegistryClient(settings, keychain)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> RegistryStore:
        """Make a store with the settings and credentials the usual variables and files give."""
        return cls(settings_from_environment(environ), Keychain(environ))

    def find_credentials(self, references: Iterable[str]) -> None:
        """Look for the credentials of these images now, while their files can be read.

        Raises:
            CredentialsUnusableError: a place has something that cannot be read.
        """
        for reference in references:
            place = self._parse(reference)
            self._client.find_credentials(place.host, place.repository)

    def find(self, reference: str) -> FoundImage | None:
        """Find an image by ``name``, ``name:tag`` or ``name@digest``; mirrors are asked before the registry itself."""
        place = self._parse(reference)
        for mirror in self._settings.mirrors.get(place.host, ()):
            try:
                found = Puller(self._client, place, mirror).find()
            except StoreError:
                continue  # a mirror only saves time; its home has the last word
            if found is not None:
                break
        else:
            found = Puller(self._client, place, place.host).find()
        if found is None:
            return None
        name = reference.partition("@")[0]
        return FoundImage(image=found.image, reference=f"{name}@{found.digest}", digest=found.digest)

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        """Save an image: blobs, then the manifest in every repository, and the tags last."""
        places = [self._parse(reference) for reference in references]
        for text, place in zip(references, places, strict=True):
            if place.digest:
                raise RegistryReferenceError(reference=text, problem="an image is saved under a tag, not a digest")
        image = measured(image)
        serialized = serialize(image)
        repositories = {(place.host, place.repository) for place in places}
        failures = 0
        while True:
            self._bring_blobs(image, serialized, repositories)
            try:
                self._put_manifests(places, serialized)
            except RegistryRefusedError as error:
                # Registries lose sight of a blob for a moment while another push brings the same one.
                failures += 1
                if _BLOB_MISSING not in error.codes or failures >= self._settings.patience.tries:
                    raise
                self._settings.patience.sleep(self._settings.patience.delay(failures))
            else:
                break
        return SavedImage(
            references=tuple(references),
            digest=serialized.digest,
            image_id=serialized.image_id,
            manifest_size=len(serialized.manifest),
        )

    @contextmanager
    def ahead(self, references: Sequence[str]) -> Iterator[BringLayer]:
        """Give a function that begins to bring a layer into every repository; all have ended with the block."""
        places = [self._parse(reference) for reference in references]
        repositories = sorted({(place.host, place.repository) for place in places})
        stop = threading.Event()
        pool = ThreadPoolExecutor(self._settings.workers, thread_name_prefix="push-ahead")

        def bring(layer: Layer) -> None:
            if layer.blob.size == UNKNOWN_SIZE:
                return  # it would have to be read to know what it is called here
            for host, repository in repositories:
                blob = Blob(entry=layer.blob, open_bytes=layer.open_blob, source=_source(layer, host, repository))
                pool.submit(_bring, Uploader(self._client, host, repository, stop), blob, stop)

        try:
            yield bring
        except BaseException:
            stop.set()
            raise
        finally:
            # A failure is nobody's yet: saving tries again, and tells.
            pool.shutdown(wait=True, cancel_futures=stop.is_set())

    def attach(self, reference: str, subject: Descriptor, artifacts: Sequence[Artifact]) -> None:
        """Attach documents to an image of the reference's repository."""
        RegistryReferrers(self._client, self._parse(reference)).attach(subject, artifacts)

    def attached(self, reference: str, subject: Digest) -> tuple[Referrer, ...]:
        """List what is attached to an image of the reference's repository."""
        return RegistryReferrers(self._client, self._parse(reference)).attached(subject)

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure by trying: ask for the manifest, or start an upload and give it up."""
        place = self._parse(reference)
        if not write:
            self._digest_of(place)
            return
        uploader = Uploader(self._client, place.host, place.repository, threading.Event())
        uploader.cancel(uploader.start())

    def _parse(self, reference: str) -> Reference:
        return parse_reference(reference, default_host=self._settings.default_host)

    def _bring_blobs(self, image: Image, serialized: SerializedImage, repositories: set[tuple[str, str]]) -> None:
        """Bring the blobs into each repository at once; the first failure stops the others."""
        stop = threading.Event()
        with ThreadPoolExecutor(self._settings.workers, thread_name_prefix="push") as pool:
            tasks: list[Future[None]] = []
            try:
                for host, repository in sorted(repositories):
                    uploader = Uploader(self._client, host, repository, stop)
                    blobs = _blobs(image, serialized, host, repository)
                    tasks += [pool.submit(_bring, uploader, blob, stop) for blob in blobs]
                wait(tasks)
            except BaseException:  # an interrupt must not wait for gigabytes
                stop.set()
                raise
        errors = [error for task in tasks if (error := task.exception())]
        for error in errors:
            if not isinstance(error, UploadStoppedError):
                raise error

    def _put_manifests(self, places: Sequence[Reference], serialized: SerializedImage) -> None:
        if len(places) > 1:
            for place in {(place.host, place.repository): place for place in places}.values():
                self._put_manifest(place, serialized.digest, serialized)
        for place in dict.fromkeys(places):
            if self._digest_of(place) != serialized.digest:
                self._put_manifest(place, place.tag, serialized)

    def _put_manifest(self, place: Reference, target: str, serialized: SerializedImage) -> None:
        call = Call(
            method="PUT",
            host=place.host,
            repository=place.repository,
            path=f"manifests/{target}",
            headers={"Content-Type": MediaType.MANIFEST.value},
            body=lambda: [serialized.manifest],
            length=len(serialized.manifest),
            accept=(HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED),
            write=True,
        )
        said = self._client.call(call).headers.get("Docker-Content-Digest", "") or serialized.digest
        if said != serialized.digest:
            problem = f"it was stored as {said}, sent was {serialized.digest}"
            raise RegistryAnswerError(registry=place.host, subject=f"'{place.repository}' ({target})", problem=problem)

    def _digest_of(self, place: Reference) -> str:
        call = Call(
            method="HEAD",
            host=place.host,
            repository=place.repository,
            path=f"manifests/{place.target}",
            headers={"Accept": ACCEPTED},
            accept=(HTTPStatus.OK, HTTPStatus.NOT_FOUND),
        )
        return self._client.call(call).headers.get("Docker-Content-Digest", "")


def _blobs(image: Image, serialized: SerializedImage, host: str, repository: str) -> tuple[Blob, ...]:
    """Give what a repository needs, each blob once; the largest first, since it takes longest."""
    config = Descriptor(media_type=MediaType.CONFIG, digest=Digest(serialized.image_id), size=len(serialized.config))
    layers = {layer.blob.digest: layer for layer in image.layers}
    return (
        *(
            Blob(entry=layer.blob, open_bytes=layer.open_blob, source=_source(layer, host, repository))
            for layer in sorted(layers.values(), key=lambda layer: -layer.blob.size)
        ),
        Blob(entry=config, open_bytes=lambda: io.BytesIO(serialized.config)),
    )


def _source(layer: Layer, host: str, repository: str) -> str:
    """Give the repository of the same registry that has the layer, if one is known."""
    remote = layer.open_blob
    if isinstance(remote, RemoteBlob) and remote.home == host and remote.repository != repository:
        return remote.repository
    return ""


def _bring(uploader: Uploader, blob: Blob, stop: threading.Event) -> None:
    try:
        if not stop.is_set():
            uploader.bring(blob)
    except BaseException:
        stop.set()
        raise
