"""Which layers of a buildpack come back, and from where: the rules alone, over what image and cache recorded. Pure.

Facts: reference/cnb.md §b.7, §b.13 item 19; spec: buildpack.md "Layer Types".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lifecycle_py.spec.api_versions import ApiVersion, BuildpackFeature, PlatformFeature, supports
from lifecycle_py.spec.exec_env import applies_in
from lifecycle_py.spec.identifiers import LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer

Layers = Mapping[LayerName, RecordedLayer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restorable:
    """What is restored: ``contents`` with their metadata from the cache, ``metadata`` alone for the others."""

    contents: Layers = field(default_factory=dict)
    metadata: Layers = field(default_factory=dict)


def restorable(
    previous: RecordedBuildpack | None,
    cached: RecordedBuildpack | None,
    *,
    buildpack_api: ApiVersion,
    platform_api: ApiVersion,
    exec_env: str = "production",
) -> Restorable:
    """Decide for one buildpack.

    Args:
        previous: what the previous image's label says of it.
        cached: what the cache has of it.
        buildpack_api: Buildpack API 0.12 and newer restores whatever is cached; before, a launch layer only when the
            previous image has the same one.
        platform_api: 0.14 and newer takes a launch layer from the cache that the previous image does not know.
        exec_env: the present execution environment; layers meant for others are as good as absent.
    """
    in_image = _meant_for(exec_env, previous)
    in_cache = {name: layer for name, layer in _meant_for(exec_env, cached).items() if layer.types.cache}
    if supports(buildpack_api, BuildpackFeature.CACHE_ALONE):
        contents = dict(in_cache)
    else:
        known_later = supports(platform_api, PlatformFeature.METADATA_FROM_CACHE)
        contents = {
            name: chosen
            for name, layer in in_cache.items()
            if (chosen := _agreed(in_image.get(name), layer, without_image=known_later))
        }
    metadata = {
        name: layer
        for name, layer in in_image.items()
        if name not in in_cache and layer.types.launch and not layer.types.build and not layer.types.cache
    }
    return Restorable(contents=contents, metadata=metadata)


def _meant_for(exec_env: str, buildpack: RecordedBuildpack | None) -> Layers:
    layers = buildpack.layers if buildpack else {}
    return {name: layer for name, layer in layers.items() if applies_in(layer.exec_env, exec_env)}


def _agreed(in_image: RecordedLayer | None, in_cache: RecordedLayer, *, without_image: bool) -> RecordedLayer | None:
    """Give the record of a cached layer that the previous image agrees with; its metadata is the image's."""
    if not in_cache.types.launch:
        return in_cache
    if in_image is None:
        return in_cache if without_image else None
    rebuilt_anyway = in_image.types.build and not in_image.types.cache
    return in_image if in_image.diff_id == in_cache.diff_id and not rebuilt_anyway else None
