"""The restorer as a program."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from lifecycle_py.analyzer import image_target
from lifecycle_py.caches.tree_pool import KnownTrees
from lifecycle_py.cli.extended_images import kaniko_directory, save_base
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.shared import read_analyzed
from lifecycle_py.cli.stores import open_cache, open_registries, open_store, read_run_images
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.store import FoundImage, ImageStore
from lifecycle_py.restorer import RestoreSources, restore
from lifecycle_py.run_images import choice_of
from lifecycle_py.spec.analyzed_toml import Analyzed
from lifecycle_py.spec.api_versions import PlatformFeature, supports
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.toml_file import read_toml, write_toml

KNOWN_TREES = ".offramp-known-trees.json"


def run(call: Invocation) -> None:
    """Restore layers, and bring ``analyzed.toml`` up to date with what extensions asked for."""
    call.take_no_arguments()
    arguments = call.arguments
    group = Group.from_toml(read_toml(arguments.path("group")))
    analyzed = read_analyzed(call)
    store = open_store(call, (analyzed.run_image.image, arguments.text("build-image")), ())
    cache = open_cache(call)
    call.become_user("layers", "cache-dir", also=(kaniko_directory(call),))
    updated = _updated(analyzed, group, call, store)
    if updated != analyzed:
        write_toml(arguments.path("analyzed"), updated.to_toml())
    known = KnownTrees()
    sources = RestoreSources(
        metadata=updated.metadata,
        cache=cache,
        trees=None,
        known=known,
        compression_recipe=Compression.GZIP.recipe,
        skip_layers=arguments.boolean("skip-layers"),
        platform_api=call.api,
        exec_env=call.exec_env,
    )
    with call.directories() as directories:
        restore(group, sources, directories, call.build_user, call.reporter)
    known.save(known_trees_file(call))


def known_trees_file(call: Invocation) -> Path:
    """Give where the restorer tells the exporter what it unpacked, so that unchanged layers are not read again."""
    return call.arguments.path("layers") / KNOWN_TREES


def _updated(analyzed: Analyzed, group: Group, call: Invocation, store: ImageStore) -> Analyzed:
    """Say by digest which images will be extended, and what a run image named by an extension is made for."""
    result = analyzed
    build_image = call.arguments.text("build-image")
    if build_image:
        in_layout = call.arguments.boolean("layout")
        found = _find(store if in_layout else open_registries(call, [build_image]), build_image)
        save_base(call, found)
        result = dataclasses.replace(result, build_image=found.reference)
    run_image = result.run_image
    if run_image.image and "run" in call.arguments.values and choice_of(read_run_images(call), run_image.image):
        _find(store, run_image.image)  # Platform API 0.14: what the analyzer chose has to be readable here, too
    unknown = run_image.target is None and supports(call.api, PlatformFeature.TARGETS)
    if run_image.image and group.extensions and (run_image.extend or unknown):
        # A daemon cannot give an image's manifest; extending takes the registry's.
        from_registry = run_image.extend and not call.arguments.boolean("layout")
        base = open_registries(call, [run_image.image]) if from_registry else store
        found = _find(base, run_image.image)
        if run_image.extend:
            save_base(call, found)
        run_image = dataclasses.replace(run_image, reference=found.reference, target=image_target(found.image.config))
    return dataclasses.replace(result, run_image=run_image)


def _find(store: ImageStore, name: str) -> FoundImage:
    found = store.find(name)
    if found is None:
        raise ImageNotFoundError(reference=name, place="its registry")
    return found
