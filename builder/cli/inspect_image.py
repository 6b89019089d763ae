"""``offramp inspect``."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from builder.build.run_app import split_image
from builder.cli.options import insecure_registry_option
from builder.cli.reporters import human_size
from builder.cli.tables import table
from builder.images.find_image import find_image
from builder.images.processes import buildpacks_of, read_processes
from builder.places import default_places
from lifecycle_py.analyzer import image_target, read_layers_metadata
from lifecycle_py.oci.model import UNKNOWN_SIZE, Layer
from lifecycle_py.oci.store import FoundImage


@click.command(short_help="Show what an image holds and runs.")
@click.argument("image")
@insecure_registry_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(image: str, insecure: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Show the processes, buildpacks, base image and layers of IMAGE."""
    found = find_image(image, default_places(), insecure)
    if as_json:
        click.echo(json.dumps(document(found), indent=2))
    else:
        click.echo("\n".join(_lines(found)))


def document(found: FoundImage) -> dict[str, object]:
    """Give everything as JSON values (docs/reference/machine-output.md)."""
    config = found.image.config
    metadata = read_layers_metadata(config)
    target = image_target(config)
    return {
        "reference": found.reference,
        "digest": found.digest,
        "target": {
            "os": target.os,
            "arch": target.arch,
            "distro": f"{target.distro.name} {target.distro.version}" if target.distro else "",
        },
        "user": config.user,
        "workingDir": config.working_dir,
        "entrypoint": list(config.entrypoint),
        "runImage": metadata.run_image.to_json() if metadata.run_image else None,
        "buildpacks": list(buildpacks_of(config)),
        "processes": [
            {
                "type": process.type,
                "command": process.command,
                "default": process.default,
                "buildpack": process.buildpack_id,
            }
            for process in read_processes(config)
        ],
        "layers": [
            {"diffId": layer.diff_id, "digest": layer.blob.digest, "size": _size(layer), "title": title}
            for layer, title in _titled_layers(found)
        ],
    }


def _lines(found: FoundImage) -> Iterator[str]:
    config = found.image.config
    base, own = split_image(found.image)
    base_size = sum(layer.blob.size for layer in base.layers)
    yield f"Image       {found.reference}"
    run_image = read_layers_metadata(config).run_image
    if run_image:
        yield f"Run image   {run_image.choice.image or run_image.reference} ({human_size(base_size)})"
    yield f"User        {config.user or 'root'}"
    yield f"Directory   {config.working_dir or '/'}"
    yield f"Buildpacks  {', '.join(buildpacks_of(config)) or 'none'}"
    processes = read_processes(config)
    if processes:
        rows = [(process.type + (" *" if process.default else ""), process.command) for process in processes]
        yield "\n" + table([("PROCESS", "COMMAND"), *rows]).rstrip()
    titled = _titled_layers(found)[len(found.image.layers) - len(own) :]
    layer_rows = [(human_size(layer.blob.size), layer.diff_id[:19], title) for layer, title in titled]
    yield "\n" + table([("SIZE", "DIFF ID", "LAYER"), *layer_rows]).rstrip()


def _size(layer: Layer) -> int | None:
    return None if layer.blob.size == UNKNOWN_SIZE else layer.blob.size


def _titled_layers(found: FoundImage) -> list[tuple[Layer, str]]:
    """Pair layers with the history lines that made them, as far as there is a history."""
    titles = [entry.created_by for entry in found.image.config.history if not entry.empty_layer]
    titles = ["" for _ in range(len(found.image.layers) - len(titles))] + titles
    return list(zip(found.image.layers, titles, strict=False))
