"""A whole build in five calls: analyze, detect, restore, build, export. Read this file first.

The platform prepares directories and a session; each phase is a function of its inputs and ports, and hands on what
the next one needs. The documents of the specification are written on the way, as other platforms expect them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from lifecycle_py.analyzer import Analysis, analyze
from lifecycle_py.builder import build
from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.tree_pool import KnownTrees, TreePool
from lifecycle_py.detector import detect
from lifecycle_py.environment import inherited
from lifecycle_py.exporter import Exported, ExportInputs, ExportPlaces, export
from lifecycle_py.inputs import BuildTarget, Directories
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.output import Reporter
from lifecycle_py.restorer import RestoreSources, restore
from lifecycle_py.run_buildpack import open_runner
from lifecycle_py.session import Session
from lifecycle_py.spec.order_toml import Order


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateInputs:
    """What is built. ``session_env`` is the environment of the place buildpacks run in."""

    directories: Directories
    order: Order
    run_image: str
    export: ExportInputs
    session_env: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatePorts:
    """What the build works with."""

    session: Session
    store: ImageStore
    run_image_store: ImageStore
    blobs: BlobDirectory
    cache: Cache | None
    trees: TreePool | None
    reporter: Reporter


def create(inputs: CreateInputs, ports: CreatePorts) -> Exported:
    """Build the app image.

    Raises:
        ExplainedError: a phase failed; nothing was saved, and the cache is as it was.
    """
    directories, reporter = inputs.directories, ports.reporter
    known = KnownTrees()

    with _phase("Analyzing", reporter):
        analysis = analyze(
            references=inputs.export.references,
            run_image=inputs.run_image,
            store=ports.store,
            run_image_store=ports.run_image_store,
            layers_dir=directories.layers.host,
        )
        _tell_images(analysis, reporter)

    target = BuildTarget(target=analysis.analyzed.run_image.target, exec_env=inputs.export.exec_env)
    runner = open_runner(ports.session, directories, target, inherited(inputs.session_env))
    with _phase("Detecting", reporter):
        detected = detect(inputs.order, runner, reporter)

    with _phase("Restoring", reporter):
        sources = RestoreSources(
            metadata=analysis.analyzed.metadata,
            cache=ports.cache,
            trees=ports.trees,
            known=known,
            compression_recipe=inputs.export.compression.recipe,
        )
        restore(detected.group, sources, directories, inputs.export.user, reporter)

    with _phase("Building", reporter):
        built = build(detected.group, detected.plan, runner, reporter)

    with _phase("Exporting", reporter):
        places = ExportPlaces(store=ports.store, blobs=ports.blobs, cache=ports.cache, trees=ports.trees, known=known)
        return export(inputs.export, analysis, built, directories, places, reporter)


@contextmanager
def _phase(name: str, reporter: Reporter) -> Iterator[None]:
    reporter.header(name, phase=name.lower())
    yield


def _tell_images(analysis: Analysis, reporter: Reporter) -> None:
    analyzed = analysis.analyzed
    reporter.step(f"Run image {analyzed.run_image.image}", reference=analyzed.run_image.reference)
    if analyzed.previous_image:
        reporter.step("Previous image found; its layers are reused where nothing changed")
    else:
        reporter.step("No previous image")
