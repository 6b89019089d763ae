"""``offramp images``."""

from __future__ import annotations

import json

import click

from builder.cli.reporters import human_size
from builder.cli.tables import table
from builder.images.find_image import BASE_IMAGE_PREFIX
from builder.images.processes import read_processes
from builder.images.reference import parse_name
from builder.places import default_places
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage


@click.command(short_help="List the images of the local store.")
@click.option("--all", "everything", is_flag=True, help="List base images, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--remove", multiple=True, metavar="REF", help="First take this name away; --prune frees its bytes.")
@click.option("--prune", is_flag=True, help="First delete what no image uses any more (an hour after it was written).")
def command(everything: bool, as_json: bool, remove: tuple[str, ...], prune: bool) -> None:  # noqa: FBT001
    """List the images of the local store with digest, size and processes."""
    store = LayoutStore(default_places().images)
    for name in remove:
        if not store.remove(parse_name(name)):
            raise ImageNotFoundError(reference=name, place=str(store.directory), known=store.references())
    if prune:
        click.echo(f"Freed {human_size(store.remove_unreferenced())}", err=True)
    names = [name for name in store.references() if everything or not name.startswith(BASE_IMAGE_PREFIX)]
    found = [(name, image) for name in names if (image := store.find(name)) is not None]
    if as_json:
        click.echo(json.dumps([_document(name, image) for name, image in found], indent=2))
    elif not found:
        click.echo("No images yet. Build one: offramp build APP -t NAME", err=True)
    else:
        rows = [(name, image.digest[:19], human_size(_size(image)), _processes(image)) for name, image in found]
        click.echo(table([("IMAGE", "DIGEST", "SIZE", "PROCESSES"), *rows]), nl=False)


def _size(found: FoundImage) -> int:
    return sum(layer.blob.size for layer in found.image.layers)


def _processes(found: FoundImage) -> str:
    return ", ".join(process.type for process in read_processes(found.image.config))


def _document(name: str, found: FoundImage) -> dict[str, object]:
    return {
        "name": name,
        "digest": found.digest,
        "size": _size(found),
        "processes": [process.type for process in read_processes(found.image.config)],
    }
