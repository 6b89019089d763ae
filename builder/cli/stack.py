"""``offramp stack build`` and ``offramp stack inspect``."""

from __future__ import annotations

import json

import click

from builder.cli.options import Progress
from builder.cli.reporters import human_size, make_reporter
from builder.cli.tables import table
from builder.images.packages_of_image import packages_of
from builder.places import default_places
from builder.stacks.stack_cache import ensure_stack, make_stack, stack_images
from builder.stacks.stack_toml import load_stack
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage


@click.group(short_help="Make or inspect a base image.")
def command() -> None:
    """Make or inspect the base images that apps are built in and run on."""


@command.command("build")
@click.argument("name", default="debian-13")
@click.option("--fresh", is_flag=True, help="Make them again from today's packages.")
@click.option("--progress", type=click.Choice([p.value for p in Progress]), default="auto", show_default=True)
def build(name: str, fresh: bool, progress: str) -> None:  # noqa: FBT001
    """Make the build image and the run image of a stack, unless they are there."""
    reporter = make_reporter(Progress(progress))
    stack, store = load_stack(name), LayoutStore(default_places().images)
    images = make_stack(stack, store, reporter) if fresh else ensure_stack(stack, store, reporter)
    for reference in (images.build, images.run):
        found = _find(reference, store)
        click.echo(found.reference)


@command.command("inspect")
@click.argument("name", default="debian-13")
@click.option("--packages", is_flag=True, help="List every package with its version.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(name: str, packages: bool, as_json: bool) -> None:  # noqa: FBT001
    """Show what the images of a stack hold and weigh."""
    store = LayoutStore(default_places().images)
    images = stack_images(load_stack(name))
    found = {"build": _find(images.build, store), "run": _find(images.run, store)}
    if as_json:
        click.echo(json.dumps({kind: _document(image) for kind, image in found.items()}, indent=2))
        return
    rows = [
        (kind, image.digest[:19], human_size(_size(image)), str(len(packages_of(image.image))))
        for kind, image in found.items()
    ]
    click.echo(table([("IMAGE", "DIGEST", "SIZE", "PACKAGES"), *rows]), nl=False)
    if packages:
        versions = {kind: _versions(image) for kind, image in found.items()}
        names = sorted(versions["build"] | versions["run"])
        lines = [(one, versions["build"].get(one, "-"), "yes" if one in versions["run"] else "") for one in names]
        click.echo("\n" + table([("PACKAGE", "VERSION", "IN RUN IMAGE"), *lines]), nl=False)


def _find(reference: str, store: LayoutStore) -> FoundImage:
    found = store.find(reference)
    if found is None:
        raise ImageNotFoundError(
            reference=reference, place=f"{store.directory}; 'offramp stack build' makes it", known=()
        )
    return found


def _size(found: FoundImage) -> int:
    return sum(layer.blob.size for layer in found.image.layers)


def _document(found: FoundImage) -> dict[str, object]:
    return {
        "reference": found.reference,
        "digest": found.digest,
        "size": _size(found),
        "packages": _versions(found),
    }


def _versions(found: FoundImage) -> dict[str, str]:
    return {package.name: package.version for package in packages_of(found.image)}
