"""The analyzer as a program."""

from __future__ import annotations

from lifecycle_py.analyzer import AnalyzeInputs, analyze, tell_images
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.shared import warn_of_launch_cache
from lifecycle_py.cli.stores import open_registries, open_store, read_run_images
from lifecycle_py.errors import RunImageMissingError
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.rebaser import is_readable
from lifecycle_py.run_images import choose_run_image
from lifecycle_py.sbom_restore import restore_previous_sbom
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import PlatformFeature, supports
from lifecycle_py.spec.toml_file import write_toml


def run(call: Invocation) -> None:
    """Analyze, and write ``analyzed.toml``."""
    arguments = call.arguments
    image = call.image()
    outputs = (image, *arguments.list("tag"))
    cache_image, previous = arguments.text("cache-image"), arguments.text("previous-image")
    warn_of_launch_cache(call)
    run_images = read_run_images(call).images if not arguments.text("run-image") else ()
    names = (*outputs, previous, arguments.text("run-image"), *(name for one in run_images for name in one.names))
    store = open_store(call, names, outputs)
    if cache_image:
        open_registries(call, [cache_image]).check_access(cache_image, write=True)
    call.become_user("layers", "launch-cache")
    inputs = AnalyzeInputs(
        references=outputs,
        previous_image=previous,
        run_image=wanted_run_image(call, image, store),
        exec_env=call.exec_env,
        platform_api=call.api,
    )
    analysis = analyze(inputs, store=store, run_image_store=store)
    write_toml(arguments.path("analyzed"), analysis.analyzed.to_toml())
    if analysis.previous_image and supports(call.api, PlatformFeature.SBOM) and not arguments.boolean("skip-layers"):
        layers = Place.here(arguments.path("layers"))
        image_before = analysis.previous_image.image
        restore_previous_sbom(image_before, analysis.analyzed.metadata, layers, call.build_user, call.reporter)
    tell_images(analysis.analyzed, call.reporter)


def wanted_run_image(call: Invocation, output: str, store: ImageStore) -> str:
    """Give the run image: the one named, else the best of the platform's list.

    Raises:
        RunImageMissingError: none is named, and the list is empty.
        RunImageUnreadableError: none of the list can be read.
    """
    named = call.arguments.text("run-image")
    if named:
        return named
    images = read_run_images(call).images
    if not images:
        raise RunImageMissingError(file=call.arguments.text("run") or call.arguments.text("stack"))
    return choose_run_image(images[0], output, is_readable(store))
