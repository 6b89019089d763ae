"""The restore phase: brings back the metadata, stores and cached layers of the group's buildpacks.

Facts: reference/cnb.md §b.7 (Buildpack API 0.12 rule); spec: platform.md "restorer" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.caches.cache import Cache, CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.tree_pool import KnownTree, KnownTrees, TreePool, remove_tree
from lifecycle_py.inputs import BuildUser, Directories, make_directory
from lifecycle_py.oci.compression import RECIPE_ANNOTATION
from lifecycle_py.oci.errors import BlobCorruptError, LayerArchiveError, StoreError
from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import DiffId
from lifecycle_py.output import Reporter
from lifecycle_py.restoration import restorable
from lifecycle_py.sbom_restore import distribute_sboms, restore_cached_sbom
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, parse_buildpack_api, supports
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.image_labels import LayersMetadata, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerMetadata
from lifecycle_py.spec.store_toml import Store
from lifecycle_py.spec.toml_file import TomlTable, write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreSources:
    """Where restored layers come from, and by which rules.

    ``compression_recipe`` names how this build would store a tree. ``skip_layers`` leaves all layers out, and brings
    back the stores alone.
    """

    metadata: LayersMetadata
    cache: Cache | None
    trees: TreePool | None
    known: KnownTrees
    compression_recipe: str
    skip_layers: bool = False
    platform_api: ApiVersion = PLATFORM_API
    exec_env: str = "production"


def restore(
    group: Group, sources: RestoreSources, directories: Directories, user: BuildUser, reporter: Reporter
) -> None:
    """Restore into the layers directory what each buildpack left in the build before.

    Bills of materials that the analyzer and this phase found go to their layers. A cached layer that is damaged is left
    out with a warning: its buildpack makes it anew.
    """
    contents = sources.cache.contents() if sources.cache and not sources.skip_layers else CacheContents()
    if sources.skip_layers:
        reporter.step("Layers of earlier builds are not restored, as asked")
    elif not contents.buildpacks:
        reporter.step("Nothing is cached" if sources.cache else "No cache is used")
    for element in group.buildpacks:
        _Restoring(element, sources, contents, directories.layers_of(element), user, reporter).run()
    if sources.cache and contents.sbom:
        restore_cached_sbom(sources.cache, contents.sbom, directories.layers, user, reporter)
    distribute_sboms(group, directories, user)


def layer_recipe(layer: Place, user: BuildUser, compression_recipe: str) -> str:
    """Name everything but its contents that a layer's bytes depend on."""
    return f"{compression_recipe}|{layer.inside}|{user.inside.uid}:{user.inside.gid}"


class _Restoring:
    """Restores the layers of one buildpack."""

    def __init__(
        self,
        element: GroupElement,
        sources: RestoreSources,
        contents: CacheContents,
        directory: Place,
        user: BuildUser,
        reporter: Reporter,
    ) -> None:
        self._element = element
        self._sources = sources
        self._contents = contents
        self._directory = directory
        self._user = user
        self._reporter = reporter

    def run(self) -> None:
        make_directory(self._directory.host, self._user)
        sources = self._sources
        previous = sources.metadata.buildpack(self._element.id)
        keeps_store = not sources.skip_layers or supports(
            sources.platform_api, PlatformFeature.STORE_DESPITE_SKIPPED_LAYERS
        )
        if previous and previous.store is not None and keeps_store:
            self._write("store.toml", Store(metadata=previous.store).to_toml())
        if sources.skip_layers:
            return
        layers = restorable(
            previous,
            self._contents.buildpack(self._element.id),
            buildpack_api=parse_buildpack_api(self._element.api, f"buildpack '{self._element.id}'"),
            platform_api=sources.platform_api,
            exec_env=sources.exec_env,
        )
        for name, layer in layers.contents.items():
            if self._restore_contents(name, layer):
                self._write_metadata(name, layer)
        for name, layer in layers.metadata.items():
            self._write_metadata(name, layer)

    def _restore_contents(self, name: str, layer: RecordedLayer) -> bool:
        target = self._directory / name
        diff_id = DiffId(layer.diff_id)
        recipe = layer_recipe(target, self._user, self._sources.compression_recipe)
        known = self._sources.trees.take(diff_id, target.host, recipe) if self._sources.trees else None
        try:
            known = known or self._unpack(diff_id, target, recipe)
        except (BlobCorruptError, CacheUnusableError, LayerArchiveError, StoreError) as error:
            remove_tree(target.host)
            self._reporter.warning(f"Not restoring layer '{name}' of {self._element.id}: {error}")
            return False
        if known is not None:
            self._sources.known.add(known)
        self._reporter.step(f"Restored layer '{name}' of {self._element.id}", layer=f"{self._element.id}:{name}")
        return True

    def _unpack(self, diff_id: DiffId, target: Place, recipe: str) -> KnownTree | None:
        """Unpack a layer; it is a known tree unless its blob was made by another recipe than this build's.

        Where no recipe is known, as in caches of the reference's form, only the tar is known.
        """
        stored = self._contents.layer(diff_id)
        if self._sources.cache is None or stored is None:
            raise CacheUnusableError(place="the cache", problem=f"layer {diff_id} is not in it")
        remove_tree(target.host)
        make_directory(target.host, self._user)
        rules = UnpackRules(prefix=str(target.inside), owner=self._user.host_owner, keep_special_modes=True)
        with self._sources.cache.open_layer(diff_id) as tar:
            unpack_layer(tar, target.host, rules)
        made_by = stored.blob.annotations.get(RECIPE_ANNOTATION)
        if made_by not in {None, self._sources.compression_recipe}:
            return None
        blob = dataclasses.replace(stored.blob, annotations={}) if made_by else None
        return KnownTree(fingerprint=tree_fingerprint(target.host, recipe), diff_id=diff_id, blob=blob)

    def _write_metadata(self, name: str, layer: RecordedLayer) -> None:
        # Without [types]: a buildpack that does not declare the layer again loses it (cnb.md §b.7).
        self._write(f"{name}.toml", LayerMetadata(metadata=layer.metadata).to_toml())

    def _write(self, name: str, document: TomlTable) -> None:
        file = self._directory.host / name
        write_toml(file, document)
        _give(file, self._user)


def _give(file: Path, user: BuildUser) -> None:
    if user.host_owner is not None:
        os.chown(file, user.host_owner.uid, user.host_owner.gid)
