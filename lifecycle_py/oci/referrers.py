"""Documents attached to an image: manifests whose subject it is, in registries and layouts.

Spec: opencontainers/image-spec ``manifest.md`` "Guidelines for Artifact Usage"; distribution-spec ``spec.md``
"Listing Referrers", "Referrers Tag Schema" (v1.1). Equal documents make equal manifests, so attaching twice changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lifecycle_py.oci.model import Descriptor, Digest, MediaType, sha256

EMPTY_JSON: Final = b"{}"
EMPTY_MEDIA_TYPE: Final = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """A document to attach. Its media type is the artifact's type, too."""

    media_type: str
    data: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def blob(self) -> Descriptor:
        """Describe the document's bytes."""
        return Descriptor(
            media_type=self.media_type, digest=sha256(self.data), size=len(self.data), annotations=self.annotations
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Referrer:
    """A document that is attached to an image; ``read`` fetches it, verified."""

    artifact_type: str
    digest: Digest
    annotations: Mapping[str, str]
    read: Callable[[], bytes]


class ReferrerStore(Protocol):
    """**Port.** A store of images that keeps what is attached to them: registries and layouts."""

    def attach(self, reference: str, subject: Descriptor, artifacts: Sequence[Artifact]) -> None:
        """Attach documents to an image that is there.

        Args:
            reference: a name of the image.
            subject: its manifest.
            artifacts: the documents.

        Raises:
            StoreError: it could not be done; the image is as it was.
        """
        ...

    def attached(self, reference: str, subject: Digest) -> tuple[Referrer, ...]:
        """List what is attached to the image with this digest, sorted by type and digest.

        Raises:
            StoreError: could not tell.
        """
        ...


def empty_config() -> Descriptor:
    """Describe the config of a manifest that is no image's."""
    return Descriptor(media_type=EMPTY_MEDIA_TYPE, digest=sha256(EMPTY_JSON), size=len(EMPTY_JSON))


def artifact_manifest(artifact: Artifact, subject: Descriptor) -> bytes:
    """Give the manifest of an attached document, as canonical JSON."""
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MediaType.MANIFEST,
        "artifactType": artifact.media_type,
        "config": empty_config().to_json(),
        "layers": [artifact.blob.to_json()],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
    }
    if artifact.annotations:
        manifest["annotations"] = dict(sorted(artifact.annotations.items()))
    return json.dumps(manifest, separators=(",", ":")).encode()


def manifest_entry(artifact: Artifact, manifest: bytes) -> dict[str, Any]:
    """Give the entry of an attached document's manifest in an index."""
    entry: dict[str, Any] = {
        "mediaType": MediaType.MANIFEST.value,
        "digest": sha256(manifest),
        "size": len(manifest),
        "artifactType": artifact.media_type,
    }
    if artifact.annotations:
        entry["annotations"] = dict(sorted(artifact.annotations.items()))
    return entry


def with_entries(index: Mapping[str, Any] | None, entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Add entries to an index of referrers, or begin one; those that are in it already are not added again."""
    kept = list((index or {}).get("manifests") or ())
    known = {entry.get("digest") for entry in kept}
    added = [dict(entry) for entry in entries if entry["digest"] not in known]
    document = {"schemaVersion": 2, "mediaType": MediaType.INDEX, **(index or {}), "manifests": [*kept, *added]}
    return json.dumps(document, separators=(",", ":")).encode()


def fallback_tag(subject: Digest) -> str:
    """Give the tag under which registries without the Referrers API keep the index of an image's referrers."""
    return subject.replace(":", "-")[:128]


def sorted_referrers(referrers: Iterable[Referrer]) -> tuple[Referrer, ...]:
    """Put referrers in a fixed order."""
    return tuple(sorted(referrers, key=lambda referrer: (referrer.artifact_type, referrer.digest)))
