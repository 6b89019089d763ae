"""Attached documents in a registry, with its Referrers API or, where that is missing, the tag that stands in for it.

Spec: opencontainers/distribution-spec ``spec.md`` "Pushing Manifests with Subject", "Listing Referrers",
"Unavailable Referrers API" (v1.1).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from lifecycle_py.oci.errors import RegistryAnswerError
from lifecycle_py.oci.model import Descriptor, Digest, MediaType, sha256
from lifecycle_py.oci.referrers import (
    EMPTY_JSON,
    Artifact,
    Referrer,
    artifact_manifest,
    empty_config,
    fallback_tag,
    manifest_entry,
    sorted_referrers,
    with_entries,
)
from lifecycle_py.oci.registry.blob_reader import RemoteBlob
from lifecycle_py.oci.registry.client import Answer, Call, RegistryClient
from lifecycle_py.oci.registry.reference import Reference
from lifecycle_py.oci.registry.upload import Blob, Uploader
from lifecycle_py.spec.json_text import parse_json

_MOST_OF_A_DOCUMENT: Final = 256 << 20
# What registries say of a path they do not know.
_NO_API: Final = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
)
_ACCEPTED: Final = (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED)


class RegistryReferrers:
    """What is attached to the images of one repository."""

    def __init__(self, client: RegistryClient, place: Reference) -> None:
        """Use the repository of ``place``."""
        self._client = client
        self._place = place

    def attach(self, subject: Descriptor, artifacts: Sequence[Artifact]) -> None:
        """Attach documents; their blobs first, then each manifest, and last the tag's index if there has to be one.

        What is attached already is not sent again.
        """
        there = {referrer.digest for referrer in self.attached(subject.digest)}
        artifacts = [one for one in artifacts if sha256(artifact_manifest(one, subject)) not in there]
        if not artifacts:
            return
        uploader = Uploader(self._client, self._place.host, self._place.repository, threading.Event())
        contents = [(empty_config(), EMPTY_JSON), *((artifact.blob, artifact.data) for artifact in artifacts)]
        for blob, data in contents:
            uploader.bring(Blob(entry=blob, open_bytes=partial(io.BytesIO, data)))
        unknown = []
        for artifact in artifacts:
            manifest = artifact_manifest(artifact, subject)
            answer = self._put(sha256(manifest), manifest, MediaType.MANIFEST)
            if answer.headers.get("OCI-Subject", "") != subject.digest:
                unknown.append(manifest_entry(artifact, manifest))
        if unknown:
            tag = fallback_tag(subject.digest)
            index = self._get(f"manifests/{tag}")
            self._put(tag, with_entries(index, unknown), MediaType.INDEX)

    def attached(self, subject: Digest) -> tuple[Referrer, ...]:
        """List what is attached to an image."""
        index = self._get(f"referrers/{subject}", absent=_NO_API)
        if index is None:
            index = self._get(f"manifests/{fallback_tag(subject)}") or {}
        try:
            return sorted_referrers(self._referrer(entry) for entry in index.get("manifests") or ())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._wrong(f"the referrers of {subject}", f"{error!r}") from error

    def _referrer(self, entry: Mapping[str, Any]) -> Referrer:
        manifest = Descriptor.from_json(entry)
        return Referrer(
            artifact_type=str(entry.get("artifactType") or ""),
            digest=manifest.digest,
            annotations=manifest.annotations,
            read=lambda: self._read(manifest.digest),
        )

    def _read(self, digest: Digest) -> bytes:
        """Fetch the document of a referrer."""
        manifest = self._get(f"manifests/{digest}", digest)
        try:
            blob = Descriptor.from_json((manifest or {})["layers"][0])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise self._wrong(digest, f"it holds no document: {error!r}") from error
        if blob.size > _MOST_OF_A_DOCUMENT:
            raise self._wrong(digest, f"a document of {blob.size} bytes is not read")
        remote = RemoteBlob(
            client=self._client, hosts=(self._place.host,), repository=self._place.repository, blob=blob
        )
        with remote() as file:
            return file.read()

    def _get(
        self, path: str, digest: str = "", absent: Sequence[int] = (HTTPStatus.NOT_FOUND,)
    ) -> Mapping[str, Any] | None:
        """Get an index or manifest; None when there is none."""
        call = Call(
            method="GET",
            host=self._place.host,
            repository=self._place.repository,
            path=path,
            headers={"Accept": f"{MediaType.INDEX}, {MediaType.MANIFEST}"},
            accept=(HTTPStatus.OK, *absent),
        )
        answer = self._client.call(call)
        if answer.status in absent:
            return None
        if digest and sha256(answer.data) != digest:
            raise self._wrong(path, f"its digest is {sha256(answer.data)}")
        try:
            return dict(parse_json(answer.data))
        except (ValueError, TypeError) as error:
            raise self._wrong(path, "it is not a JSON object") from error

    def _put(self, target: str, manifest: bytes, media_type: MediaType) -> Answer:
        call = Call(
            method="PUT",
            host=self._place.host,
            repository=self._place.repository,
            path=f"manifests/{target}",
            headers={"Content-Type": media_type.value},
            body=lambda: [manifest],
            length=len(manifest),
            accept=_ACCEPTED,
            write=True,
        )
        return self._client.call(call)

    def _wrong(self, what: str, problem: str) -> RegistryAnswerError:
        return RegistryAnswerError(
            registry=self._place.host, subject=f"'{self._place.repository}' ({what})", problem=problem
        )
