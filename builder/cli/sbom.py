"""``offramp sbom``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from builder.cli.options import insecure_registry_option
from builder.errors import UnwritableTargetError
from builder.images.find_image import find_image
from builder.images.reference import parse_reference
from builder.images.stores import open_store, referrers_of
from builder.places import Places, default_places
from builder.supply_chain.attest import repository_of
from builder.supply_chain.collect import describe
from builder.supply_chain.documents import SbomFormat, render
from lifecycle_py.oci.store import FoundImage


@click.command(short_help="Tell what an image is made of.")
@click.argument("image")
@insecure_registry_option
@click.option(
    "--format", "formats", multiple=True, type=click.Choice([f.value for f in SbomFormat]), help="Which form."
)
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Write files to this directory.")
def command(image: str, insecure: tuple[str, ...], formats: tuple[str, ...], output: Path | None) -> None:
    """Write the bill of materials of IMAGE: what its buildpacks installed, and its base image's packages.

    CycloneDX to stdout, unless --format or -o say otherwise; into a directory both. One that is attached to the image
    is given as it is, else it is made from the image.
    """
    places = default_places()
    chosen = [SbomFormat(text) for text in formats] or (list(SbomFormat) if output else [SbomFormat.CYCLONEDX])
    found = find_image(image, places, insecure)
    attached = _attached(image, found, places, insecure)
    described = None
    for sbom_format in chosen:
        document = attached.get(sbom_format)
        if document is None:
            described = described or describe(found.image, repository_of(found.reference), found.digest)
            document = render(described, sbom_format)
        _write(document, output, sbom_format)


def _attached(text: str, found: FoundImage, places: Places, insecure: Sequence[str]) -> dict[SbomFormat, bytes]:
    """Fetch the bills of materials that are attached to an image, the first of each format."""
    reference = parse_reference(text)
    store = referrers_of(open_store(reference, places, insecure))
    if store is None:
        return {}
    by_type = {referrer.artifact_type: referrer for referrer in reversed(store.attached(reference.name, found.digest))}
    return {
        sbom_format: by_type[sbom_format.media_type].read()
        for sbom_format in SbomFormat
        if sbom_format.media_type in by_type
    }


def _write(document: bytes, output: Path | None, sbom_format: SbomFormat) -> None:
    if output is None:
        sys.stdout.buffer.write(document)
        return
    file = output / sbom_format.file_name
    try:
        output.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document)
    except OSError as error:
        raise UnwritableTargetError(file=file) from error
    click.echo(str(file))
