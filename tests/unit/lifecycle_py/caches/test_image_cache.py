"""What is particular to a cache image: it is the reference's image, and its layers stay where they are until opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lifecycle_py.caches.cache import CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.image_cache import ImageCache
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import DiffId, Image, ImageConfig, Layer, sha256
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import Patience, RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes
from tests.support.registry import FakeRegistry, fake_registry

_REFERENCE = "team/cache:1"
_LABEL = "io.buildpacks.lifecycle.cache.metadata"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """Give a registry."""
    with fake_registry() as one:
        yield one


@pytest.fixture
def cache(registry: FakeRegistry) -> ImageCache:
    """Give an empty cache."""
    return ImageCache(_store(registry), _REFERENCE)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobDirectory:
    """Where a build has written its layers."""
    return BlobDirectory(tmp_path / "blobs")


def _store(registry: FakeRegistry) -> RegistryStore:
    return RegistryStore(RegistrySettings(default_host=registry.host), Keychain({}))


def _keep(cache: ImageCache, layer: Layer) -> None:
    entry = RecordedLayer(diff_id=layer.diff_id, types=LayerTypes(cache=True))
    with cache.update() as update:
        update.record(RecordedBuildpack(id=BuildpackId("a/b"), version="1", layers={LayerName("l"): entry}), [layer])


def test_the_image_is_that_of_the_reference(registry: FakeRegistry, cache: ImageCache, blobs: BlobDirectory) -> None:
    """The cached layers, and one label about them."""
    layer = blobs.write_layer([b"tar"])

    _keep(cache, layer)

    found = _store(registry).find(_REFERENCE)
    assert found is not None
    assert [layer.diff_id] == [one.diff_id for one in found.image.layers]
    assert [_LABEL] == list(found.image.config.labels)
    assert ["sbom", "buildpacks"] == list(json.loads(found.image.config.labels[_LABEL]))


def test_an_image_without_cached_layers_has_an_empty_one(registry: FakeRegistry, cache: ImageCache) -> None:
    """Some registries refuse an image without layers, so there is one of the two empty blocks that end a tar."""
    with cache.update():
        pass

    found = _store(registry).find(_REFERENCE)
    assert found is not None
    assert [DiffId(sha256(bytes(1024)))] == [one.diff_id for one in found.image.layers]
    assert () == cache.contents().layers


def test_only_what_is_opened_is_fetched(registry: FakeRegistry, blobs: BlobDirectory) -> None:
    """Knowing what is there costs manifest and config, not gigabytes."""
    layer = blobs.write_layer([b"tar"])
    _keep(ImageCache(_store(registry), _REFERENCE), layer)
    registry.seen.clear()
    cache = ImageCache(_store(registry), _REFERENCE)

    contents = cache.contents()

    assert contents.layer(layer.diff_id) is not None
    assert not _fetched(registry, layer)
    with cache.open_layer(layer.diff_id) as tar:
        assert b"tar" == tar.read()
    assert _fetched(registry, layer)


def _fetched(registry: FakeRegistry, layer: Layer) -> bool:
    return bool(registry.asked("GET", layer.blob.digest))


def test_an_unchanged_layer_is_not_sent_again(registry: FakeRegistry, blobs: BlobDirectory) -> None:
    """The registry has it, so it is only named."""
    layer = blobs.write_layer([b"tar"])
    _keep(ImageCache(_store(registry), _REFERENCE), layer)
    registry.seen.clear()

    _keep(ImageCache(_store(registry), _REFERENCE), layer)

    assert [] == registry.asked("POST")


@pytest.mark.parametrize("labels", [{}, {_LABEL: ""}, {_LABEL: "[]"}, {_LABEL: '{"buildpacks":[{}]}'}])
def test_another_image_is_no_cache(tmp_path: Path, labels: Mapping[str, str]) -> None:
    """What has no label, or a damaged one, is as good as none, as in the reference."""
    store = LayoutStore(tmp_path)
    store.save(Image(config=ImageConfig(labels=labels)), [_REFERENCE])

    assert CacheContents() == ImageCache(store, _REFERENCE).contents()


def test_a_damaged_store_is_no_cache(tmp_path: Path) -> None:
    """It costs time, not the build."""
    (tmp_path / "index.json").write_text("{")

    assert CacheContents() == ImageCache(LayoutStore(tmp_path), _REFERENCE).contents()


def test_a_registry_that_cannot_be_reached_is_explained(blobs: BlobDirectory) -> None:
    """A cache that was asked for and cannot be had is an error that names it, in every use."""
    with fake_registry() as registry:
        settings = RegistrySettings(default_host=registry.host, patience=Patience(tries=1))
    cache = ImageCache(RegistryStore(settings, Keychain({})), _REFERENCE)

    with pytest.raises(CacheUnusableError, match=_REFERENCE):
        cache.contents()
    with pytest.raises(CacheUnusableError, match=_REFERENCE):
        cache.open_layer(DiffId(sha256(b"x")))
    with pytest.raises(CacheUnusableError, match=_REFERENCE):
        _keep(cache, blobs.write_layer([b"tar"]))
