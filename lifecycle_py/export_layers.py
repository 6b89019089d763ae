"""The layers of an app image above the run image: first what is to be made, then the making, several at once.

Facts: reference/cnb.md §b.9; spec: platform.md "exporter". Order: launch layers, SBOM, app slices, launcher, config,
process types. Layers that are only cached stand among them, outside of the image.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.builder import Built, Contribution
from lifecycle_py.caches.cache import Cache, CacheContents
from lifecycle_py.caches.tree_pool import KnownTree, KnownTrees
from lifecycle_py.errors import LayerNotReusableError
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.layers_dir import LocalLayer
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.oci.layer_tar import ROOT, Tree, file_tar, files_tar, links_tar, tree_tar
from lifecycle_py.oci.model import DiffId, Layer
from lifecycle_py.output import Reporter
from lifecycle_py.restorer import layer_recipe
from lifecycle_py.session import Place
from lifecycle_py.slices import list_tree, split_app
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import LayersMetadata

LAUNCHER_PATH = "/cnb/lifecycle/launcher"
PROCESS_DIRECTORY = "/cnb/process"
CACHED_SBOM = "cached-sbom"
_SBOM_TITLE = "Software Bill-of-Materials"

LayerKey = tuple[BuildpackId, LayerName] | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A layer as it was made. ``tree`` is the directory it is known to be the contents of, when it will be cached."""

    layer: Layer
    read: bool
    tree: tuple[KnownTree, Path] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerJob:
    """A layer to be made: ``name`` for people, ``title`` for the history; ``in_image`` is False for one only cached.

    ``key`` is what labels call it: a buildpack and its layer's name, or the part of the image.
    """

    key: LayerKey
    name: str
    title: str
    make: Callable[[], Made]
    in_image: bool = True


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
class Previous:
    """The image of the build before: what its label says, and its layers."""

    metadata: LayersMetadata
    layers: dict[DiffId, Layer]


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerSources:
    """What layers are made of and with. ``sboms`` is False for Platform APIs that know no bills of materials."""

    directories: Directories
    user: BuildUser
    launcher: Path
    compression: Compression
    blobs: BlobDirectory
    cache: Cache | None
    cached: CacheContents
    known: KnownTrees
    previous: Previous
    sboms: bool = True


def layer_jobs(built: Built, sources: LayerSources, reporter: Reporter) -> Iterator[LayerJob]:
    """Give every layer to be made, in image order."""
    for contribution in built.contributions:
        yield from _buildpack_jobs(contribution, sources, reporter)
    if sources.sboms and (sources.directories.layers / "sbom" / "launch").host.is_dir():
        yield _directory_job("sbom", _SBOM_TITLE, ("sbom", "launch"), sources)
    if sources.sboms and sources.cache and (sources.directories.layers / "sbom" / "cache").host.is_dir():
        job = _directory_job(CACHED_SBOM, _SBOM_TITLE, ("sbom", "cache"), sources, tar=sources.cache.new_tar())
        yield dataclasses.replace(job, in_image=False)
    yield from _app_jobs(built, sources)
    yield _job(
        "launcher",
        "Buildpacks Application Launcher",
        lambda: file_tar(LAUNCHER_PATH, sources.launcher.read_bytes(), mode=0o755, owner=ROOT),
        sources,
    )
    yield _directory_job("config", "Buildpacks Launcher Config", ("config",), sources)
    links = {str(recorded.process.type): LAUNCHER_PATH for recorded in built.metadata.processes}
    if links:
        yield _job(
            "process-types",
            "Buildpacks Process Types",
            lambda: links_tar(PROCESS_DIRECTORY, links, owner=ROOT),
            sources,
        )


def make_layers(jobs: Iterable[LayerJob], reporter: Reporter, workers: int | None = None) -> Iterator[Made]:
    """Make layers, several at once, giving them in order. Each keeps two threads busy (see ``oci.blobs``)."""
    waiting = list(jobs)
    with ThreadPoolExecutor(workers or max(2, (os.cpu_count() or 2) // 2), thread_name_prefix="layer") as pool:
        futures = [pool.submit(job.make) for job in waiting]
        try:
            for job, future in zip(waiting, futures, strict=True):
                if not future.done():
                    reporter.progress(f"Writing layer {job.name}")
                yield future.result()
        finally:
            for future in futures:
                future.cancel()  # after an error, those not begun


def _buildpack_jobs(contribution: Contribution, sources: LayerSources, reporter: Reporter) -> Iterator[LayerJob]:
    element = contribution.element
    for local in contribution.layers:
        if not (local.types.launch or local.types.cache):
            continue
        if not (local.types.launch or local.has_contents):
            reporter.warning(f"Not caching layer '{local.name}' of {element}: it has no contents")
            continue
        yield LayerJob(
            key=(element.id, local.name),
            name=f"{element.id}: {local.name}",
            title=f"Layer: '{local.name}', Created by buildpack: {element.id}@{element.version}",
            make=lambda local=local: _make_buildpack_layer(contribution, local, sources),  # type: ignore[misc]
            in_image=local.types.launch,
        )


def _make_buildpack_layer(contribution: Contribution, local: LocalLayer, sources: LayerSources) -> Made:
    if not local.has_contents:
        return Made(layer=_previous_layer(contribution, local, sources.previous), read=False)
    recipe = layer_recipe(local.place, sources.user, sources.compression.recipe)
    fingerprint = tree_fingerprint(local.place.host, recipe)
    known = sources.known.find(fingerprint)
    layer = _layer_of_known(known, local, sources) if known else None
    read = layer is None
    if layer is None:
        tar = sources.cache.new_tar() if sources.cache and local.types.cache else None
        layer = sources.blobs.write_layer(tree_tar(_tree(local.place, sources)), sources.compression, tar=tar)
        known = KnownTree(fingerprint=fingerprint, diff_id=layer.diff_id, blob=layer.blob)
    tree = (known, local.place.host) if known and local.types.cache else None
    return Made(layer=layer, read=read, tree=tree)


def _previous_layer(contribution: Contribution, local: LocalLayer, previous: Previous) -> Layer:
    recorded = previous.metadata.buildpack(contribution.element.id)
    entry = recorded.layers.get(local.name) if recorded else None
    layer = previous.layers.get(DiffId(entry.diff_id)) if entry else None
    if layer is None or local.types.cache:
        raise LayerNotReusableError(buildpack=str(contribution.element), layer=local.name)
    return layer


def _layer_of_known(known: KnownTree, local: LocalLayer, sources: LayerSources) -> Layer | None:
    """Find the layer of a tree that did not change since it was restored, wherever its bytes are at hand."""
    stored = sources.cached.layer(known.diff_id)
    if known.blob is not None:
        if sources.blobs.has(known.blob.digest, known.blob.size):
            return sources.blobs.layer(known.diff_id, known.blob)
        if stored is not None and stored.blob.digest == known.blob.digest:
            sources.blobs.take(stored)
            return sources.blobs.layer(known.diff_id, known.blob)
    if local.types.cache and stored is None:
        return None
    return sources.previous.layers.get(known.diff_id)


def _app_jobs(built: Built, sources: LayerSources) -> Iterator[LayerJob]:
    app = sources.directories.app
    tree = _tree(app, sources)
    slices = built.metadata.slices
    if not slices:
        yield _job("app", "Application Layer", lambda: tree_tar(tree), sources)
        return
    parts = split_app(tuple(list_tree(app.host)), slices)
    for number, paths in enumerate(parts, start=1):
        key = "app" if number == len(parts) else f"slice-{number}"
        yield _job(
            key,
            f"Application Slice: {number}",
            lambda paths=paths: files_tar(tree, paths),  # type: ignore[misc]
            sources,
        )


def _directory_job(
    key: str, title: str, names: tuple[str, ...], sources: LayerSources, tar: Path | None = None
) -> LayerJob:
    place = sources.directories.layers
    for name in names:
        place /= name
    return _job(key, title, lambda: tree_tar(_tree(place, sources)), sources, tar)


def _job(
    key: str, title: str, chunks: Callable[[], Iterable[bytes]], sources: LayerSources, tar: Path | None = None
) -> LayerJob:
    return LayerJob(
        key=key,
        name=key.replace("-", " "),
        title=title,
        make=lambda: Made(layer=sources.blobs.write_layer(chunks(), sources.compression, tar=tar), read=True),
    )


def _tree(place: Place, sources: LayerSources) -> Tree:
    owner = sources.user.inside
    return Tree(host=place.host, name=str(place.inside), owner=owner, parents_owner=owner)
