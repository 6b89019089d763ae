"""The export phase: puts the app image together and saves it, then keeps the cached layers.

Facts: reference/cnb.md §b.8–b.10; spec: platform.md "exporter" (buildpacks/spec@b745fcf). Layer order: run image,
launch layers, SBOM, app slices, launcher, config, process types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle_py.analyzer import Analysis
from lifecycle_py.app_image import ImageFacts, app_image_config
from lifecycle_py.builder import Built, Contribution
from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.tree_pool import KnownTree, KnownTrees, TreePool
from lifecycle_py.errors import DefaultProcessError, LayerNotReusableError
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.layers_dir import LocalLayer, read_document
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import RECIPE_ANNOTATION, Compression
from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.oci.layer_tar import ROOT, Tree, file_tar, files_tar, links_tar, tree_tar
from lifecycle_py.oci.model import DiffId, Image, Layer
from lifecycle_py.oci.store import ImageStore, SavedImage
from lifecycle_py.output import Reporter
from lifecycle_py.restorer import layer_recipe
from lifecycle_py.slices import list_tree, split_app
from lifecycle_py.spec.identifiers import LayerName
from lifecycle_py.spec.image_labels import (
    LayersMetadata,
    RecordedBuildpack,
    RecordedLayer,
    RunImageRecord,
)
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.report_toml import Report
from lifecycle_py.spec.store_toml import Store
from lifecycle_py.spec.toml_file import write_toml

LAUNCHER_PATH = "/cnb/lifecycle/launcher"
PROCESS_DIRECTORY = "/cnb/process"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportInputs:
    """What is exported and how. ``default_process`` is the user's choice; empty leaves it to the buildpacks."""

    references: tuple[str, ...]
    launcher: Path
    launcher_version: str
    user: BuildUser
    compression: Compression = Compression.GZIP
    default_process: str = ""
    exec_env: str = "production"
    project: ProjectMetadata = field(default_factory=ProjectMetadata)
    source_date_epoch: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportPlaces:
    """Where things go. ``blobs`` is where new layers are written, for store and cache to take from."""

    store: ImageStore
    blobs: BlobDirectory
    cache: Cache | None
    trees: TreePool | None
    known: KnownTrees


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedLayer:
    """A layer above the run image: what it is, and how it came into the image.

    ``title`` is the history line the reference writes; ``name`` is short, for people.
    """

    name: str
    title: str
    layer: Layer
    reused: bool
    read: bool

    @property
    def how(self) -> str:
        """Say how the layer came into the image, with the reason."""
        if not self.reused:
            return "new"
        return "reused, same contents" if self.read else "reused, unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """The result of the phase. New layers of ``image`` can be opened as long as ``ExportPlaces.blobs`` is there."""

    saved: SavedImage
    image: Image
    layers: tuple[ExportedLayer, ...]
    run_layers: int


def export(
    inputs: ExportInputs,
    analysis: Analysis,
    built: Built,
    directories: Directories,
    places: ExportPlaces,
    reporter: Reporter,
) -> Exported:
    """Export, write ``report.toml``, and update the cache.

    Raises:
        DefaultProcessError: the default process asked for does not exist.
        LayerNotReusableError: a layer without contents is not in the previous image.
        StoreError: the image could not be saved; the previous one is unchanged.
    """
    default_process = _default_process(inputs, built)
    exporting = _Exporting(inputs, analysis, directories, places, reporter)
    exporting.add_everything(built)
    run = analysis.run_image.image
    facts = ImageFacts(
        built=built.metadata,
        default_process=default_process,
        layers=exporting.metadata(analysis),
        history=tuple(layer.title for layer in exporting.layers),
        app_directory=str(directories.app.inside),
        layers_directory=str(directories.layers.inside),
        launcher_version=inputs.launcher_version,
        project=inputs.project,
        exec_env=inputs.exec_env,
        source_date_epoch=inputs.source_date_epoch,
    )
    image = Image(
        config=app_image_config(run.config, facts),
        layers=(*run.layers, *(exported.layer for exported in exporting.layers)),
    )
    with reporter.timed_step("Saving the image", "Saved the image"):
        saved = places.store.save(image, inputs.references)
    report = Report(
        tags=saved.references, digest=saved.digest, image_id=saved.image_id, manifest_size=saved.manifest_size
    )
    write_toml(directories.layers.host / "report.toml", report.to_toml())
    if places.cache is not None:
        try:
            with reporter.timed_step("Keeping cached layers", "Kept cached layers for the next build"):
                exporting.update_cache(places.cache)
        except CacheUnusableError as error:
            # The image is saved: that the next build will be slower must not make this one a failure.
            reporter.warning(f"Nothing is kept for the next build: {error}")
    return Exported(saved=saved, image=image, layers=tuple(exporting.layers), run_layers=len(run.layers))


def _default_process(inputs: ExportInputs, built: Built) -> str:
    known = [recorded.process.type for recorded in built.metadata.processes]
    wanted = inputs.default_process
    if wanted and wanted not in known:
        raise DefaultProcessError(process=wanted, known=known)
    return wanted or built.metadata.default_process_type


class _Exporting:
    """Gathers the layers of one image, and what labels and cache have to say about them."""

    def __init__(
        self,
        inputs: ExportInputs,
        analysis: Analysis,
        directories: Directories,
        places: ExportPlaces,
        reporter: Reporter,
    ) -> None:
        self._inputs = inputs
        self._directories = directories
        self._places = places
        self._reporter = reporter
        self._previous_metadata = analysis.analyzed.metadata
        previous = analysis.previous_image.image.layers if analysis.previous_image else ()
        self._previous = {layer.diff_id: layer for layer in previous}
        self.layers: list[ExportedLayer] = []
        self._recorded: list[RecordedBuildpack] = []
        self._cached: list[tuple[RecordedBuildpack, list[Layer]]] = []
        self._trees: list[tuple[KnownTree, Path]] = []
        self._parts: dict[str, DiffId] = {}
        self._app: list[DiffId] = []

    def add_everything(self, built: Built) -> None:
        """Make the layers, in image order."""
        for contribution in built.contributions:
            self._add_buildpack(contribution)
        self._add_sbom()
        self._add_app(built)
        launcher = self._inputs.launcher.read_bytes()
        self._add(
            "launcher", "Buildpacks Application Launcher", file_tar(LAUNCHER_PATH, launcher, mode=0o755, owner=ROOT)
        )
        self._add_config()
        links = {str(recorded.process.type): LAUNCHER_PATH for recorded in built.metadata.processes}
        if links:
            self._add("process-types", "Buildpacks Process Types", links_tar(PROCESS_DIRECTORY, links, owner=ROOT))

    def metadata(self, analysis: Analysis) -> LayersMetadata:
        """Give the label that the next build reads."""
        run_image = analysis.run_image
        return LayersMetadata(
            app=tuple(self._app),
            sbom=self._parts.get("sbom", ""),
            buildpacks=tuple(self._recorded),
            config=self._parts.get("config", ""),
            launcher=self._parts.get("launcher", ""),
            process_types=self._parts.get("process-types", ""),
            run_image=RunImageRecord(
                top_layer=run_image.image.layers[-1].diff_id if run_image.image.layers else "",
                reference=run_image.reference,
                image=analysis.analyzed.run_image.image,
            ),
        )

    def update_cache(self, cache: Cache) -> None:
        """Keep cached layers, and the trees they came from, for the next build."""
        with cache.update() as update:
            for recorded, layers in self._cached:
                update.record(recorded, layers)
        if self._places.trees is not None:
            for known, tree in self._trees:
                self._places.trees.give(known, tree)
            self._places.trees.keep_only(known.diff_id for known, _ in self._trees)

    def _add_buildpack(self, contribution: Contribution) -> None:
        recorded: dict[LayerName, RecordedLayer] = {}
        cached: dict[LayerName, RecordedLayer] = {}
        cached_layers: list[Layer] = []
        for local in contribution.layers:
            if not (local.types.launch or local.types.cache):
                continue
            if not (local.types.launch or local.has_contents):
                self._reporter.warning(
                    f"Not caching layer '{local.name}' of {contribution.element}: it has no contents"
                )
                continue
            layer = self._buildpack_layer(contribution, local)
            entry = RecordedLayer(diff_id=layer.diff_id, types=local.types, metadata=local.metadata.metadata)
            if local.types.launch:
                recorded[local.name] = entry
            if local.types.cache and local.has_contents:
                cached[local.name] = entry
                cached_layers.append(self._with_recipe(layer))
        element = contribution.element
        place = self._directories.layers_of(element)
        has_store = (place.host / "store.toml").exists()
        store = Store.from_toml(read_document(place, "store.toml")).metadata if has_store else None
        self._recorded.append(RecordedBuildpack(id=element.id, version=element.version, layers=recorded, store=store))
        if cached:
            self._cached.append(
                (RecordedBuildpack(id=element.id, version=element.version, layers=cached), cached_layers)
            )

    def _with_recipe(self, layer: Layer) -> Layer:
        """Note for the cache how the blob was made; a build with another recipe will make its own."""
        blob = dataclasses.replace(
            layer.blob, annotations={RECIPE_ANNOTATION: self._inputs.compression.recipe, **layer.blob.annotations}
        )
        return dataclasses.replace(layer, blob=blob)

    def _buildpack_layer(self, contribution: Contribution, local: LocalLayer) -> Layer:
        element = contribution.element
        if not local.has_contents:
            layer, read = self._from_previous_image(contribution, local), False
        else:
            known, read = self._known_or_written(local)
            layer = self._places.blobs.layer(known.diff_id, known.blob)
            if local.types.cache:
                self._trees.append((known, local.place.host))
        if local.types.launch:
            title = f"Layer: '{local.name}', Created by buildpack: {element.id}@{element.version}"
            self._keep(f"{element.id}: {local.name}", title, layer, read=read)
        return layer

    def _from_previous_image(self, contribution: Contribution, local: LocalLayer) -> Layer:
        recorded = self._previous_metadata.buildpack(contribution.element.id)
        entry = recorded.layers.get(local.name) if recorded else None
        layer = self._previous.get(DiffId(entry.diff_id)) if entry else None
        if layer is None or local.types.cache:
            raise LayerNotReusableError(buildpack=str(contribution.element), layer=local.name)
        return layer

    def _known_or_written(self, local: LocalLayer) -> tuple[KnownTree, bool]:
        """Give the layer of a tree; the second value tells whether the tree had to be read."""
        recipe = layer_recipe(local.place, self._inputs.user, self._inputs.compression.recipe)
        fingerprint = tree_fingerprint(local.place.host, recipe)
        known = self._places.known.find(fingerprint)
        if known is not None and self._blob_is_here(known):
            return known, False
        self._reporter.progress(f"Writing layer {local.name}")
        owner = self._inputs.user.inside
        tree = Tree(host=local.place.host, name=str(local.place.inside), owner=owner, parents_owner=owner)
        layer = self._places.blobs.write_layer(tree_tar(tree), self._inputs.compression)
        return KnownTree(fingerprint=fingerprint, diff_id=layer.diff_id, blob=layer.blob), True

    def _blob_is_here(self, known: KnownTree) -> bool:
        if self._places.blobs.has(known.blob.digest, known.blob.size):
            return True
        stored = self._places.cache.contents().layer(known.diff_id) if self._places.cache else None
        if stored is None or stored.blob.digest != known.blob.digest:
            return False
        self._places.blobs.take(stored)
        return True

    def _add_sbom(self) -> None:
        directory = self._directories.layers / "sbom" / "launch"
        if directory.host.is_dir():
            owner = self._inputs.user.inside
            tree = Tree(host=directory.host, name=str(directory.inside), owner=owner, parents_owner=owner)
            self._add("sbom", "Software Bill-of-Materials", tree_tar(tree))

    def _add_app(self, built: Built) -> None:
        app = self._directories.app
        owner = self._inputs.user.inside
        tree = Tree(host=app.host, name=str(app.inside), owner=owner, parents_owner=owner)
        slices = built.metadata.slices
        if not slices:
            self._app.append(self._add("app", "Application Layer", tree_tar(tree)))
            return
        *parts, rest = split_app(tuple(list_tree(app.host)), slices)
        for number, paths in enumerate(parts, start=1):
            self._app.append(self._add(f"slice-{number}", f"Application Slice: {number}", files_tar(tree, paths)))
        self._app.append(self._add("app", f"Application Slice: {len(parts) + 1}", files_tar(tree, rest)))

    def _add_config(self) -> None:
        directory = self._directories.layers / "config"
        owner = self._inputs.user.inside
        tree = Tree(host=directory.host, name=str(directory.inside), owner=owner, parents_owner=owner)
        self._add("config", "Buildpacks Launcher Config", tree_tar(tree))

    def _add(self, part: str, title: str, chunks: Iterable[bytes]) -> DiffId:
        layer = self._places.blobs.write_layer(chunks, self._inputs.compression)
        self._parts[part] = layer.diff_id
        self._keep(part.replace("-", " "), title, layer, read=True)
        return layer.diff_id

    def _keep(self, name: str, title: str, layer: Layer, *, read: bool) -> None:
        exported = ExportedLayer(name=name, title=title, layer=layer, reused=layer.diff_id in self._previous, read=read)
        self.layers.append(exported)
        self._reporter.detail(
            f"{name}: {exported.how}", diff_id=layer.diff_id, size=layer.blob.size, reused=exported.reused, read=read
        )
