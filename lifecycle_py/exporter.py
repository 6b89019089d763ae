"""The export phase: puts the app image together and saves it, then keeps the cached layers.

Facts: reference/cnb.md §b.8–b.10; spec: platform.md "exporter". The layers themselves are made in ``export_layers``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.analyzer import Analysis
from lifecycle_py.app_image import ImageFacts, app_image_config
from lifecycle_py.builder import Built, Contribution
from lifecycle_py.caches.cache import Cache, CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.tree_pool import KnownTrees, TreePool
from lifecycle_py.errors import DefaultProcessError
from lifecycle_py.export_layers import (
    CACHED_SBOM,
    ExportedLayer,
    LayerJob,
    LayerKey,
    LayerSources,
    Made,
    Previous,
    layer_jobs,
    make_layers,
)
from lifecycle_py.inputs import BuildUser, Directories, ExtendedRunImage
from lifecycle_py.layers_dir import LocalLayer, read_document
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import RECIPE_ANNOTATION, Compression
from lifecycle_py.oci.errors import BlobCorruptError, StoreError
from lifecycle_py.oci.model import Image, Layer
from lifecycle_py.oci.store import ImageStore, SavedImage
from lifecycle_py.output import Reporter
from lifecycle_py.sbom_files import add_lifecycle_sboms
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.image_labels import LayersMetadata, RecordedBuildpack, RecordedLayer, RunImageRecord
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.report_toml import Report
from lifecycle_py.spec.run_toml import RunImageChoice
from lifecycle_py.spec.store_toml import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportInputs:
    """What is exported and how.

    ``default_process`` is the user's choice; empty leaves it to the buildpacks. ``run_image_choice`` has the names by
    which a later rebase may ask for a newer run image; ``extended`` is the run image with extensions applied.
    ``parallel`` keeps cached layers while the image is being saved, not after it.
    """

    references: tuple[str, ...]
    launcher: Path
    launcher_version: str
    lifecycle_sboms: Path | None = None
    user: BuildUser
    compression: Compression = Compression.GZIP
    default_process: str = ""
    exec_env: str = "production"
    project: ProjectMetadata = field(default_factory=ProjectMetadata)
    source_date_epoch: int | None = None
    run_image_choice: RunImageChoice | None = None
    extended: ExtendedRunImage | None = None
    parallel: bool = False
    platform_api: ApiVersion = PLATFORM_API


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportPlaces:
    """Where things go. ``blobs`` is where new layers are written, for store and cache to take from."""

    store: ImageStore
    blobs: BlobDirectory
    cache: Cache | None
    trees: TreePool | None
    known: KnownTrees


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """The result of the phase. New layers of ``image`` can be opened as long as ``ExportPlaces.blobs`` is there."""

    saved: SavedImage
    image: Image
    layers: tuple[ExportedLayer, ...]
    run_layers: int

    @property
    def report(self) -> Report:
        """Give the document for platforms."""
        saved = self.saved
        return Report(
            tags=saved.references, digest=saved.digest, image_id=saved.image_id, manifest_size=saved.manifest_size
        )


def export(
    inputs: ExportInputs,
    analysis: Analysis,
    built: Built,
    directories: Directories,
    places: ExportPlaces,
    reporter: Reporter,
) -> Exported:
    """Export, and update the cache.

    Raises:
        DefaultProcessError: the default process asked for does not exist.
        LayerNotReusableError: a layer without contents is not in the previous image.
        StoreError: the image could not be saved; the previous one is unchanged.
    """
    default_process = _default_process(inputs, built)
    if inputs.lifecycle_sboms:
        add_lifecycle_sboms(inputs.lifecycle_sboms, directories.layers.host / "sbom")
    sources = _sources(inputs, analysis, directories, places)
    jobs = tuple(layer_jobs(built, sources, reporter))
    made: dict[LayerKey, Made] = {}
    layers: list[ExportedLayer] = []
    run = inputs.extended.image if inputs.extended else analysis.run_image.image
    with places.store.ahead(inputs.references) as bring:
        for layer in run.layers:
            bring(layer)
        for job, one in zip(jobs, make_layers(jobs, reporter), strict=True):
            made[job.key] = one
            if job.in_image:
                layers.append(_exported(job, one, sources.previous))
                bring(layers[-1].layer)
                _tell(layers[-1], reporter)
        reporter.progress("Waiting for layers that are on their way")
    facts = ImageFacts(
        built=built.metadata,
        default_process=default_process,
        layers=_layers_metadata(inputs, analysis, built, made, directories),
        history=tuple(layer.title for layer in layers),
        run_layers=len(run.layers),
        app_directory=str(directories.app.inside),
        layers_directory=str(directories.layers.inside),
        launcher_version=inputs.launcher_version,
        project=inputs.project,
        exec_env=inputs.exec_env,
        source_date_epoch=inputs.source_date_epoch,
        rebasable=inputs.extended.rebasable if inputs.extended else None,
        platform_api=inputs.platform_api,
    )
    image = Image(
        config=app_image_config(run.config, facts), layers=(*run.layers, *(exported.layer for exported in layers))
    )
    with ThreadPoolExecutor(1, thread_name_prefix="cache") as pool:
        keeping = pool.submit(_keep, inputs, built, made, places, reporter) if inputs.parallel else None
        with reporter.timed_step("Saving the image", "Saved the image"):
            saved = places.store.save(image, inputs.references)
        if keeping is None:
            _keep(inputs, built, made, places, reporter)
        else:
            keeping.result()
    return Exported(saved=saved, image=image, layers=tuple(layers), run_layers=len(run.layers))


def _default_process(inputs: ExportInputs, built: Built) -> str:
    known = [recorded.process.type for recorded in built.metadata.processes]
    wanted = inputs.default_process
    if wanted and wanted not in known:
        raise DefaultProcessError(process=wanted, known=known)
    return wanted or built.metadata.default_process_type


def _sources(inputs: ExportInputs, analysis: Analysis, directories: Directories, places: ExportPlaces) -> LayerSources:
    previous = analysis.previous_image.image.layers if analysis.previous_image else ()
    return LayerSources(
        directories=directories,
        user=inputs.user,
        launcher=inputs.launcher,
        compression=inputs.compression,
        blobs=places.blobs,
        cache=places.cache,
        cached=_contents(places.cache),
        known=places.known,
        sboms=supports(inputs.platform_api, PlatformFeature.SBOM),
        previous=Previous(metadata=analysis.analyzed.metadata, layers={layer.diff_id: layer for layer in previous}),
    )


def _contents(cache: Cache | None) -> CacheContents:
    """Read what is cached; a cache that cannot be read is no reason not to export."""
    try:
        return cache.contents() if cache else CacheContents()
    except CacheUnusableError:
        return CacheContents()


def _exported(job: LayerJob, made: Made, previous: Previous) -> ExportedLayer:
    """Take the previous image's own layer where it has the same contents: its bytes are where the image goes already.

    They may differ from those just made, when another lifecycle compressed them; then those made are not needed. A
    layer that is stored in another way than is wanted now is replaced.
    """
    kept = previous.layers.get(made.layer.diff_id)
    layer = kept if kept is not None and kept.blob.media_type == made.layer.blob.media_type else made.layer
    return ExportedLayer(name=job.name, title=job.title, layer=layer, reused=kept is not None, read=made.read)


def _tell(exported: ExportedLayer, reporter: Reporter) -> None:
    layer = exported.layer
    reporter.detail(
        f"{exported.name}: {exported.how}",
        diff_id=layer.diff_id,
        size=layer.blob.size,
        reused=exported.reused,
        read=exported.read,
    )


def _layers_metadata(
    inputs: ExportInputs,
    analysis: Analysis,
    built: Built,
    made: Mapping[LayerKey, Made],
    directories: Directories,
) -> LayersMetadata:
    """Give the label that the next build and a rebase read."""
    base = analysis.run_image
    choice = inputs.run_image_choice or RunImageChoice(image=analysis.analyzed.run_image.image)
    parts = {str(key): one.layer.diff_id for key, one in made.items() if isinstance(key, str)}
    has_targets = supports(inputs.platform_api, PlatformFeature.TARGETS)
    records_exec_env = supports(inputs.platform_api, PlatformFeature.EXECUTION_ENVIRONMENTS)
    return LayersMetadata(
        app=tuple(diff_id for part, diff_id in parts.items() if part == "app" or part.startswith("slice-")),
        sbom=parts.get("sbom", ""),
        buildpacks=tuple(
            dataclasses.replace(_recorded(contribution, made, launch=True), store=_store(contribution, directories))
            for contribution in built.contributions
        ),
        config=parts.get("config", ""),
        launcher=parts.get("launcher", ""),
        process_types=parts.get("process-types", ""),
        run_image=RunImageRecord(
            top_layer=base.image.layers[-1].diff_id if base.image.layers else "",
            reference=base.reference,
            choice=choice if has_targets else RunImageChoice(),
        ),
        stack=choice,
        exec_env=inputs.exec_env if records_exec_env else "",
    )


def _recorded(contribution: Contribution, made: Mapping[LayerKey, Made], *, launch: bool) -> RecordedBuildpack:
    """Record a buildpack's launch layers, or its cached ones."""
    element = contribution.element
    chosen = [
        local
        for local in contribution.layers
        if (element.id, local.name) in made and (local.types.launch if launch else _is_cached(local))
    ]
    layers = {
        local.name: RecordedLayer(
            diff_id=made[element.id, local.name].layer.diff_id,
            types=local.types,
            metadata=local.metadata.metadata,
            exec_env=local.metadata.exec_env,
        )
        for local in chosen
    }
    return RecordedBuildpack(id=element.id, version=element.version, layers=layers)


def _is_cached(local: LocalLayer) -> bool:
    return local.types.cache and local.has_contents


def _store(contribution: Contribution, directories: Directories) -> Mapping[str, object] | None:
    place = directories.layers_of(contribution.element)
    if not (place.host / "store.toml").exists():
        return None
    return Store.from_toml(read_document(place, "store.toml")).metadata


def _keep(
    inputs: ExportInputs, built: Built, made: Mapping[LayerKey, Made], places: ExportPlaces, reporter: Reporter
) -> None:
    """Keep cached layers, and the trees they came from, for the next build."""
    if places.cache is None:
        return
    try:
        with (
            reporter.timed_step("Keeping cached layers", "Kept cached layers for the next build"),
            places.cache.update() as update,
        ):
            for contribution in built.contributions:
                recorded = _recorded(contribution, made, launch=False)
                layers = [made[contribution.element.id, name].layer for name in recorded.layers]
                if layers:
                    update.record(recorded, [_with_recipe(layer, inputs.compression) for layer in layers])
            if CACHED_SBOM in made:
                update.record_sbom(made[CACHED_SBOM].layer)
    except (CacheUnusableError, BlobCorruptError, StoreError) as error:
        # The image is saved: that the next build will be slower must not make this one a failure.
        reporter.warning(f"Nothing is kept for the next build: {error}")
        return
    if places.trees is not None:
        trees = [one.tree for one in made.values() if one.tree]
        for known, tree in trees:
            places.trees.give(known, tree)
        places.trees.keep_only(known.diff_id for known, _ in trees)


def _with_recipe(layer: Layer, compression: Compression) -> Layer:
    """Note for the cache how the blob was made; a build with another recipe will make its own."""
    annotations = {RECIPE_ANNOTATION: compression.recipe, **layer.blob.annotations}
    return dataclasses.replace(layer, blob=dataclasses.replace(layer.blob, annotations=annotations))
