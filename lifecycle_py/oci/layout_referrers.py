"""Attached documents in an OCI layout: manifests with a subject, which the index names beside the images.

Spec: opencontainers/image-spec ``image-layout.md`` "index.json file" (v1.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import StoreCorruptError
from lifecycle_py.oci.model import REF_NAME_ANNOTATION, Descriptor, Digest, MediaType, sha256
from lifecycle_py.oci.referrers import EMPTY_JSON, Artifact, Referrer, artifact_manifest
from lifecycle_py.spec.json_text import parse_json


def write_artifacts(blobs: BlobDirectory, subject: Descriptor, artifacts: Sequence[Artifact]) -> tuple[Descriptor, ...]:
    """Write documents and their manifests; gives the entries that the index has to have."""
    blobs.write_bytes(EMPTY_JSON)
    entries = []
    for artifact in artifacts:
        manifest = artifact_manifest(artifact, subject)
        blobs.write_bytes(artifact.data)
        digest = blobs.write_bytes(manifest)
        entries.append(
            Descriptor(
                media_type=MediaType.MANIFEST,
                digest=digest,
                size=len(manifest),
                annotations=artifact.annotations,
                artifact_type=artifact.media_type,
            )
        )
    return tuple(entries)


def find_referrers(blobs: BlobDirectory, entries: Sequence[Descriptor], subject: Digest) -> Iterator[Referrer]:
    """Find the entries of an index that are attached to an image."""
    for entry in entries:
        manifest = _manifest(blobs, entry)
        if _subject(manifest) == subject:
            yield Referrer(
                artifact_type=entry.artifact_type or str(manifest.get("artifactType") or ""),
                digest=entry.digest,
                annotations=entry.annotations,
                read=lambda manifest=manifest: _read(blobs, manifest),  # type: ignore[misc]
            )


def without_abandoned(blobs: BlobDirectory, entries: Sequence[Descriptor]) -> tuple[Descriptor, ...]:
    """Leave out what is attached to images that the index no longer has."""
    subjects = {entry.digest: _subject(_manifest(blobs, entry)) for entry in entries if _is_nameless(entry)}
    images = {entry.digest for entry in entries if not subjects.get(entry.digest)}
    return tuple(entry for entry in entries if subjects.get(entry.digest, "") in {"", *images})


def _is_nameless(entry: Descriptor) -> bool:
    return not entry.annotations.get(REF_NAME_ANNOTATION)


def _manifest(blobs: BlobDirectory, entry: Descriptor) -> Mapping[str, Any]:
    """Read a manifest; what is none, or not here, has no subject."""
    try:
        data = parse_json(blobs.path(entry.digest).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _subject(manifest: Mapping[str, Any]) -> str:
    subject = manifest.get("subject")
    return str(subject.get("digest") or "") if isinstance(subject, dict) else ""


def _read(blobs: BlobDirectory, manifest: Mapping[str, Any]) -> bytes:
    try:
        blob = Descriptor.from_json(manifest["layers"][0])
        data = blobs.path(blob.digest).read_bytes()
    except (OSError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise StoreCorruptError(place=str(blobs.root), problem=f"an attached document: {error!r}") from error
    if sha256(data) != blob.digest:
        raise StoreCorruptError(place=str(blobs.root), problem=f"blob {blob.digest} has other contents")
    return data
