"""A whole build in five calls: analyze, detect, restore, build, export. Read this file first.

The platform prepares directories and a session; each phase is a function of its inputs and ports, and hands on what
the next one needs. The documents of the specification are written on the way, as other platforms expect them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lifecycle_py.analyzer import AnalyzeInputs, analyze, tell_images
from lifecycle_py.builder import build
from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.tree_pool import KnownTrees, TreePool
from lifecycle_py.detector import Detected, DetectRules, detect
from lifecycle_py.environment import inherited
from lifecycle_py.exporter import Exported, ExportInputs, ExportPlaces, export
from lifecycle_py.extensions import AfterExtensions, ExtensionInputs, ImageExtender, apply_extensions
from lifecycle_py.inputs import BuildTarget, Directories
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.output import Reporter
from lifecycle_py.restorer import RestoreSources, restore
from lifecycle_py.run_buildpack import open_runner
from lifecycle_py.sbom_restore import restore_previous_sbom
from lifecycle_py.session import Session
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.run_toml import Run
from lifecycle_py.spec.targets import Target
from lifecycle_py.spec.toml_file import write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateInputs:
    """What is built. ``session_env`` is the environment of the place buildpacks run in.

    ``previous_image`` is by default what the first reference holds; ``report`` is where report.toml goes, by default
    in the layers directory.
    """

    directories: Directories
    order: Order
    run_image: str
    export: ExportInputs
    session_env: Mapping[str, bytes]
    previous_image: str = ""
    report: Path | None = None
    skip_restore: bool = False
    rules: DetectRules = field(default_factory=DetectRules)


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
    extender: ImageExtender | None = None


def create(inputs: CreateInputs, ports: CreatePorts) -> Exported:
    """Build the app image.

    Raises:
        ExplainedError: a phase failed; nothing was saved, and the cache is as it was.
    """
    directories, reporter = inputs.directories, ports.reporter

    with _phase("analyze", "Analyzing", reporter):
        wanted = AnalyzeInputs(
            references=inputs.export.references,
            previous_image=inputs.previous_image,
            run_image=inputs.run_image,
            exec_env=inputs.export.exec_env,
            platform_api=inputs.export.platform_api,
        )
        analysis = analyze(wanted, store=ports.store, run_image_store=ports.run_image_store)
        write_toml(directories.layers.host / "analyzed.toml", analysis.analyzed.to_toml())
        tell_images(analysis.analyzed, reporter)
        if (previous := analysis.previous_image) is not None and not inputs.skip_restore:
            metadata, user = analysis.analyzed.metadata, inputs.export.user
            restore_previous_sbom(previous.image, metadata, directories.layers, user, reporter)

    target = BuildTarget(target=analysis.analyzed.run_image.target or Target(), exec_env=inputs.export.exec_env)
    runner = open_runner(ports.session, directories, target, inherited(inputs.session_env))
    with _phase("detect", "Detecting", reporter):
        detected = detect(inputs.order, runner, reporter, inputs.rules)

    before = AfterExtensions(plan=detected.plan, analysis=analysis, runner=runner)
    with _extended(detected, before, inputs, ports) as after:
        return _restore_build_export(inputs, ports, detected.group, after)


@contextmanager
def _extended(
    detected: Detected, before: AfterExtensions, inputs: CreateInputs, ports: CreatePorts
) -> Iterator[AfterExtensions]:
    """Let the extensions of the group change images, when there are any."""
    if not detected.group.extensions:
        yield before
        return
    choice = inputs.export.run_image_choice
    extension_inputs = ExtensionInputs(
        user=inputs.export.user,
        compression=inputs.export.compression,
        platform_api=inputs.export.platform_api,
        blobs=ports.blobs,
        run=Run(images=(choice,) if choice else ()),
    )
    with ExitStack() as stack:
        with _phase("extend", "Extending", ports.reporter):
            applied = apply_extensions(detected, before, extension_inputs, ports.extender, ports.reporter)
            after = stack.enter_context(applied)
        yield after


def _restore_build_export(inputs: CreateInputs, ports: CreatePorts, group: Group, after: AfterExtensions) -> Exported:
    directories, reporter, analysis = inputs.directories, ports.reporter, after.analysis
    known = KnownTrees()

    with _phase("restore", "Restoring", reporter):
        sources = RestoreSources(
            metadata=analysis.analyzed.metadata,
            cache=ports.cache,
            trees=ports.trees,
            known=known,
            compression_recipe=inputs.export.compression.recipe,
            skip_layers=inputs.skip_restore,
            platform_api=inputs.export.platform_api,
            exec_env=inputs.export.exec_env,
        )
        restore(group, sources, directories, inputs.export.user, reporter)

    with _phase("build", "Building", reporter):
        built = build(group, after.plan, after.runner, reporter)

    with _phase("export", "Exporting", reporter):
        places = ExportPlaces(store=ports.store, blobs=ports.blobs, cache=ports.cache, trees=ports.trees, known=known)
        choice, name = inputs.export.run_image_choice, analysis.analyzed.run_image.image
        export_inputs = replace(
            inputs.export,
            extended=after.run_image,
            # An extension may have switched to an image that these names do not mean.
            run_image_choice=choice if choice and name in choice.names else None,
        )
        exported = export(export_inputs, analysis, built, directories, places, reporter)
        write_toml(inputs.report or directories.layers.host / "report.toml", exported.report.to_toml())
        return exported


@contextmanager
def _phase(phase: str, name: str, reporter: Reporter) -> Iterator[None]:
    reporter.header(name, phase=name.lower())
    try:
        yield
    except ExplainedError as error:
        error.phase = phase
        raise
