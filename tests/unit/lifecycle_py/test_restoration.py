"""Which layers come back: the rules of Buildpack API 0.12, and those before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_py.restoration import restorable
from lifecycle_py.spec.api_versions import SUPPORTED_BUILDPACK_APIS, SUPPORTED_PLATFORM_APIS, ApiVersion
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes
from tests.support import documents as some

NAME = LayerName("layer")
OLD, NEW = ApiVersion(0, 11), ApiVersion(0, 12)
_recorded = st.builds(RecordedLayer, diff_id=st.sampled_from(["a", "b"]), types=some.layer_types)
_buildpacks = st.none() | st.builds(
    RecordedBuildpack, id=some.ids, version=some.texts, layers=st.dictionaries(st.just(NAME), _recorded, max_size=1)
)


def a_buildpack(diff_id: str, *types: str, made: str = "") -> RecordedBuildpack:
    """Give a buildpack with one layer of these types."""
    layer = RecordedLayer(
        diff_id=diff_id,
        types=LayerTypes(build="build" in types, cache="cache" in types, launch="launch" in types),
        metadata={"made": made},
    )
    return RecordedBuildpack(id=BuildpackId("a"), version="1", layers={NAME: layer})


@pytest.mark.requirement("deviation.restore-on-mismatch")
def test_new_buildpacks_get_whatever_is_cached() -> None:
    """Buildpack API 0.12 dropped the condition that image and cache agree; the metadata is the cache's."""
    image = a_buildpack("a", "launch", "cache", made="image")
    cache = a_buildpack("b", "launch", "cache", made="cache")
    restored = restorable(image, cache, buildpack_api=NEW, platform_api=ApiVersion(0, 12))

    assert {"made": "cache"} == restored.contents[NAME].metadata


@pytest.mark.requirement("deviation.restore-on-mismatch", "buildpack.export.cache-checksum")
def test_older_buildpacks_get_a_launch_layer_only_when_image_and_cache_agree() -> None:
    """Another layer in the image means that the cache is of another build."""
    cache = a_buildpack("a", "launch", "cache", made="cache")

    def restored(image: RecordedBuildpack | None, platform: ApiVersion = NEW) -> list[str]:
        found = restorable(image, cache, buildpack_api=OLD, platform_api=platform)
        return [str(layer.metadata["made"]) for layer in found.contents.values()]

    assert ["image"] == restored(a_buildpack("a", "launch", "cache", made="image"))
    assert [] == restored(a_buildpack("b", "launch", "cache", made="image"))
    assert [] == restored(None)
    assert ["cache"] == restored(None, ApiVersion(0, 14))


def test_layers_for_the_build_alone_need_no_image() -> None:
    """They are never in an image."""
    cache = a_buildpack("a", "build", "cache")

    assert restorable(None, cache, buildpack_api=OLD, platform_api=OLD).contents == cache.layers


@given(
    image=_buildpacks,
    cache=_buildpacks,
    buildpack=st.sampled_from(SUPPORTED_BUILDPACK_APIS),
    platform=st.sampled_from(SUPPORTED_PLATFORM_APIS),
)
def test_restored_layers_are_ones_there_are(
    image: RecordedBuildpack | None, cache: RecordedBuildpack | None, buildpack: ApiVersion, platform: ApiVersion
) -> None:
    """Contents come from the cache by its digest; metadata alone is of launch layers the image has; never both."""
    found = restorable(image, cache, buildpack_api=buildpack, platform_api=platform)

    assert not set(found.contents) & set(found.metadata)
    for name, layer in found.contents.items():
        assert cache is not None
        assert (cache.layers[name].diff_id, True) == (layer.diff_id, cache.layers[name].types.cache)
    for name, layer in found.metadata.items():
        assert image is not None
        assert image.layers[name] == layer
        assert LayerTypes(launch=True) == layer.types
