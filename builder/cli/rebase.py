"""``offramp rebase``."""

from __future__ import annotations

import sys

import click

from builder.cli.options import Progress, insecure_registry_option
from builder.cli.reporters import make_reporter
from builder.images.reference import parse_name, parse_reference
from builder.images.stores import RunImages, open_store, referrers_of
from builder.places import default_places
from builder.supply_chain.attest import attach_to_rebased
from lifecycle_py.rebaser import RebaseInputs, rebase


@click.command(short_help="Put an image on a newer base, without building it again.")
@click.argument("image")
@click.option("--run-image", default="", metavar="REF", help="The new base; default: the newest of its own.")
@click.option("-t", "--tag", "tags", multiple=True, metavar="REF", help="Names of the result; default: IMAGE's own.")
@click.option("--force", is_flag=True, help="Also onto another kind of base, or where an extension forbids it.")
@insecure_registry_option
@click.option("--progress", type=click.Choice([p.value for p in Progress]), default="auto", show_default=True)
def command(
    image: str,
    run_image: str,
    tags: tuple[str, ...],
    force: bool,  # noqa: FBT001
    insecure: tuple[str, ...],
    progress: str,
) -> None:
    """Replace the run image's layers of IMAGE by those of a newer one; the app's own layers stay as they are.

    That takes seconds and no source: security updates of the base reach an app without a build. The result keeps
    IMAGE's name, in the same place; its reference with digest is printed to stdout.
    """
    places = default_places()
    reference = parse_reference(image)
    names = tuple(parse_name(tag) for tag in tags) or (reference.name.partition("@")[0],)
    inputs = RebaseInputs(references=names, previous_image=reference.name, run_image=run_image, force=force)
    reporter = make_reporter(Progress(progress))
    store = open_store(reference, places, insecure)
    rebased = rebase(inputs, store=store, run_image_store=RunImages(places, insecure), reporter=reporter)
    own = f"{rebased.own_layers} layer{'' if rebased.own_layers == 1 else 's'} of the app kept as they are"
    if rebased.saved.digest == rebased.before.digest:
        reporter.step(
            "Nothing changed: the image stands on this base already ('offramp stack build' makes a newer one)"
        )
    else:
        reporter.step(f"Rebased {names[0]}: {own}", digest=rebased.saved.digest)
        referrers, new = referrers_of(store), store.find(names[0])
        if referrers and new and attach_to_rebased(rebased, new, reference.name, referrers):
            reporter.step("Attached new SBOMs and provenance, as the image had some before")
    sys.stdout.write(f"{names[0]}@{rebased.saved.digest}\n")
