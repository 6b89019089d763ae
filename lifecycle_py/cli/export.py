"""The exporter as a program."""

from __future__ import annotations

from dataclasses import replace

from lifecycle_py.analyzer import Analysis
from lifecycle_py.builder import read_built
from lifecycle_py.caches.tree_pool import KnownTrees
from lifecycle_py.cli.extended_images import read_extended
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.restore import known_trees_file
from lifecycle_py.cli.shared import read_analyzed, warn_of_launch_cache
from lifecycle_py.cli.stores import exported_choice, new_blobs, open_cache, open_store, read_run_images
from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.exporter import ExportInputs, ExportPlaces, export
from lifecycle_py.launcher import LAUNCHER_VERSION
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.spec.analyzed_toml import Analyzed
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.toml_file import read_toml, read_toml_if_present, write_toml


def run(call: Invocation) -> None:
    """Export, write ``report.toml``, and update the cache."""
    arguments = call.arguments
    outputs = tuple(dict.fromkeys(call.images()))
    if given := {"run-image", "image"} & arguments.given:
        raise InvalidArgumentError(problem=f"-{min(given)} is unsupported")
    warn_of_launch_cache(call)
    analyzed = read_analyzed(call)
    if not analyzed.run_image.reference:
        raise InvalidArgumentError(problem="run image not found in analyzed metadata")
    group = Group.from_toml(read_toml(arguments.path("group")))
    store = open_store(call, (*outputs, *images_of(call, analyzed)), outputs)
    cache = open_cache(call)
    call.become_user("cache-dir", "launch-cache")
    with call.directories() as directories, new_blobs(call) as blobs:
        built = read_built(group, directories)
        places = ExportPlaces(
            store=store, blobs=blobs, cache=cache, trees=None, known=KnownTrees.load(known_trees_file(call))
        )
        inputs = export_inputs(call, outputs, analyzed, extended=bool(group.extensions))
        analysis = find_again(analyzed, store)
        if analyzed.run_image.extend:
            inputs = replace(inputs, extended=read_extended(call, analysis.run_image.image))
        exported = export(inputs, analysis, built, directories, places, call.reporter)
    write_toml(arguments.path("report"), exported.report.to_toml())


def images_of(call: Invocation, analyzed: Analyzed) -> tuple[str, ...]:
    """Give the registry names of the images analyzed; a daemon's and a layout's identifiers are no such names."""
    if call.arguments.boolean("daemon") or call.arguments.boolean("layout"):
        return ()
    return (analyzed.run_image.reference, analyzed.previous_image)


def export_inputs(call: Invocation, outputs: tuple[str, ...], analyzed: Analyzed, *, extended: bool) -> ExportInputs:
    """Give the export's inputs as the flags have them."""
    arguments = call.arguments
    project = ProjectMetadata.from_toml(read_toml_if_present(arguments.path("project-metadata")))
    return ExportInputs(
        references=outputs,
        launcher=arguments.path("launcher"),
        launcher_version=LAUNCHER_VERSION,
        lifecycle_sboms=arguments.path("launcher-sbom") if "launcher-sbom" in arguments.values else None,
        user=call.build_user,
        default_process=arguments.text("process-type"),
        exec_env=call.exec_env,
        project=project,
        source_date_epoch=call.source_date_epoch,
        run_image_choice=exported_choice(read_run_images(call), analyzed.run_image.image, extended=extended),
        parallel=arguments.boolean("parallel"),
        platform_api=call.api,
    )


def find_again(analyzed: Analyzed, store: ImageStore) -> Analysis:
    """Find the images that the analyzer found, by their exact references.

    Raises:
        ImageNotFoundError: the run image is gone since.
    """
    run_image = store.find(analyzed.run_image.reference)
    if run_image is None:
        raise ImageNotFoundError(reference=analyzed.run_image.reference, place="the run image's store")
    previous = store.find(analyzed.previous_image) if analyzed.previous_image else None
    return Analysis(analyzed=analyzed, run_image=run_image, previous_image=previous)
