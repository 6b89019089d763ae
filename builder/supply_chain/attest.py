"""Attaching to an image what it is made of and how it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from builder.build.request import BuildRequest
from builder.images.processes import buildpacks_of
from builder.supply_chain.collect import describe
from builder.supply_chain.documents import SbomFormat, render
from builder.supply_chain.provenance import (
    PREDICATE_ANNOTATION,
    PREDICATE_TYPE,
    REBASE_TYPE,
    STATEMENT_MEDIA_TYPE,
    BaseDigest,
    BuildFacts,
    statement,
)
from builder.supply_chain.source import source_revision
from lifecycle_py.exporter import Exported
from lifecycle_py.oci.model import Descriptor, Image, MediaType
from lifecycle_py.oci.referrers import Artifact, ReferrerStore
from lifecycle_py.oci.store import FoundImage, SavedImage
from lifecycle_py.rebaser import Rebased
from lifecycle_py.version import __version__


def attach_attestations(
    exported: Exported, request: BuildRequest, bases: Mapping[str, str], store: ReferrerStore
) -> None:
    """Attach bills of materials in both formats and the provenance to an image that was saved.

    Args:
        exported: the build's result, while its layers can be opened.
        request: what was asked for.
        bases: name → reference with digest of the images the build stands on.
        store: where the image is.

    Raises:
        StoreError: they could not be attached; the image is there without them.
    """
    _attach(exported.image, exported.saved, build_facts(exported, request, bases), store)


def attach_to_rebased(rebased: Rebased, new: FoundImage, before: str, store: ReferrerStore) -> bool:
    """Attach new documents to an image that was rebased, if the one before has any; tells whether it has.

    Args:
        rebased: the result of the rebase.
        new: the image as it is now.
        before: a name in the repository of the image before.
        store: where both are.

    Raises:
        StoreError: they could not be attached; the image is there without them.
    """
    if not store.attached(before, rebased.before.digest):
        return False
    # The base's layers come from where the base is, which is often this machine.
    base = rebased.run_image.image.layers
    image = dataclasses.replace(new.image, layers=(*base, *new.image.layers[len(base) :]))
    bases = {"app image": rebased.before.reference, "run image": rebased.run_image.reference}
    facts = BuildFacts(
        build_type=REBASE_TYPE,
        references=rebased.saved.references,
        digest=rebased.saved.digest,
        version=__version__,
        platform=f"{image.config.os}/{image.config.architecture}",
        parameters={"references": list(rebased.saved.references)},
        buildpacks=(),
        bases=tuple(BaseDigest(name=name, reference=reference) for name, reference in bases.items()),
    )
    _attach(image, rebased.saved, facts, store)
    return True


def _attach(image: Image, saved: SavedImage, facts: BuildFacts, store: ReferrerStore) -> None:
    described = describe(image, repository_of(saved.references[0]), saved.digest)
    artifacts = (
        *(Artifact(media_type=one.media_type, data=render(described, one)) for one in SbomFormat),
        Artifact(
            media_type=STATEMENT_MEDIA_TYPE,
            data=statement(facts),
            annotations={PREDICATE_ANNOTATION: PREDICATE_TYPE},
        ),
    )
    subject = Descriptor(media_type=MediaType.MANIFEST, digest=saved.digest, size=saved.manifest_size)
    for reference in _one_of_each_repository(saved.references):
        store.attach(reference, subject, artifacts)


def build_facts(exported: Exported, request: BuildRequest, bases: Mapping[str, str]) -> BuildFacts:
    """Gather what the provenance tells: names of variables, no values."""
    config = exported.image.config
    return BuildFacts(
        references=exported.saved.references,
        digest=exported.saved.digest,
        version=__version__,
        platform=f"{config.os}/{config.architecture}",
        parameters={
            "references": list(request.references),
            "buildpacks": list(request.buildpacks),
            "variables": sorted(request.variables),
            "defaultProcess": request.default_process,
            "workspace": request.workspace,
            "compression": request.compression.value,
            "network": request.network.value,
            "sourceDateEpoch": request.source_date_epoch,
        },
        buildpacks=buildpacks_of(config),
        bases=tuple(BaseDigest(name=name, reference=reference) for name, reference in bases.items()),
        source=source_revision(request.app),
    )


def repository_of(reference: str) -> str:
    """Give a reference without tag and digest."""
    name = reference.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def _one_of_each_repository(references: Iterable[str]) -> tuple[str, ...]:
    return tuple({repository_of(reference): reference for reference in references}.values())
