"""The launch cache: a daemon is not asked for layers that are kept, and nothing kept is ever trusted unread."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from lifecycle_py.caches.launch_cache import LaunchCachedStore, app_layers
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig, Layer
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage
from lifecycle_py.spec.image_labels import LIFECYCLE_METADATA_LABEL

_REFERENCE = "example/app"


class _SlowStore:
    """Keeps tars, as a daemon does, and remembers which of them it had to give."""

    def __init__(self, directory: Path) -> None:
        self._store = LayoutStore(directory)
        self.given: list[str] = []

    def find(self, reference: str) -> FoundImage | None:
        found = self._store.find(reference)
        if found is None:
            return None
        layers = tuple(self._watched(layer) for layer in found.image.layers)
        return dataclasses.replace(found, image=dataclasses.replace(found.image, layers=layers))

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        return self._store.save(image, references)

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        return self._store.ahead(references)

    def check_access(self, reference: str, *, write: bool) -> None:
        self._store.check_access(reference, write=write)

    def _watched(self, layer: Layer) -> Layer:
        def open_blob() -> BinaryIO:
            self.given.append(layer.diff_id)
            return layer.open_blob()

        return dataclasses.replace(layer, open_blob=open_blob, file=None)


@pytest.fixture
def slow(tmp_path: Path) -> _SlowStore:
    """Give the store below."""
    return _SlowStore(tmp_path / "store")


@pytest.fixture
def store(slow: _SlowStore, tmp_path: Path) -> LaunchCachedStore:
    """Give the store with its launch cache."""
    return LaunchCachedStore(slow, tmp_path / "launch", lambda _: None)


def _layer(tmp_path: Path, content: bytes, compression: Compression = Compression.NONE) -> Layer:
    return BlobDirectory(tmp_path / "build").write_layer([content], compression)


def _image(run: Layer, *app: Layer) -> Image:
    label = json.dumps({"runImage": {"topLayer": run.diff_id, "reference": "x"}})
    return Image(config=ImageConfig(labels={LIFECYCLE_METADATA_LABEL: label}), layers=(run, *app))


def _read(layer: Layer) -> bytes:
    with layer.open_blob() as tar:
        return tar.read()


def _kept(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "launch" / "committed").iterdir())


def test_app_layers_are_read_from_the_cache(store: LaunchCachedStore, slow: _SlowStore, tmp_path: Path) -> None:
    """Those above the run image are kept; the run image's stay the daemon's."""
    run, app = _layer(tmp_path, b"run"), _layer(tmp_path, b"app")
    store.save(_image(run, app), [_REFERENCE])

    found = store.find(_REFERENCE)

    assert found is not None
    assert [b"run", b"app"] == [_read(layer) for layer in found.image.layers]
    assert ([run.diff_id], [f"{app.diff_id}.tar"]) == (slow.given, _kept(tmp_path))


@pytest.mark.parametrize("compression", Compression)
def test_new_layers_replace_old_ones(store: LaunchCachedStore, tmp_path: Path, compression: Compression) -> None:
    """What the newest image has is kept, however it was compressed, and nothing else."""
    run = _layer(tmp_path, b"run")
    store.save(_image(run, _layer(tmp_path, b"old")), [_REFERENCE])
    new = _layer(tmp_path, b"new", compression)

    store.save(_image(run, new), [_REFERENCE])

    assert [f"{new.diff_id}.tar"] == _kept(tmp_path)
    assert b"new" == (tmp_path / "launch" / "committed" / f"{new.diff_id}.tar").read_bytes()


def test_a_reused_layer_is_not_asked_for(store: LaunchCachedStore, slow: _SlowStore, tmp_path: Path) -> None:
    """A rebuild that takes a layer from the previous image needs the daemon for the run image's at most."""
    run, app = _layer(tmp_path, b"run"), _layer(tmp_path, b"app")
    store.save(_image(run, app), [_REFERENCE])
    found = store.find(_REFERENCE)
    assert found is not None

    store.save(_image(run, found.image.layers[1]), [_REFERENCE])

    assert ([], [f"{app.diff_id}.tar"]) == (slow.given, _kept(tmp_path))


def test_a_layer_that_vanished_is_asked_for(store: LaunchCachedStore, slow: _SlowStore, tmp_path: Path) -> None:
    """Another build may replace the cache between finding and reading."""
    run, app = _layer(tmp_path, b"run"), _layer(tmp_path, b"app")
    store.save(_image(run, app), [_REFERENCE])
    found = store.find(_REFERENCE)
    assert found is not None
    (tmp_path / "launch" / "committed" / f"{app.diff_id}.tar").unlink()

    assert b"app" == _read(found.image.layers[1])
    assert [app.diff_id] == slow.given


def test_a_damaged_layer_is_found_out_once(store: LaunchCachedStore, tmp_path: Path) -> None:
    """It does not get into an image, and after that it is no longer there."""
    run, app = _layer(tmp_path, b"run"), _layer(tmp_path, b"app")
    store.save(_image(run, app), [_REFERENCE])
    file = tmp_path / "launch" / "committed" / f"{app.diff_id}.tar"
    file.unlink()
    file.write_bytes(b"xxx")
    found = store.find(_REFERENCE)
    assert found is not None

    with pytest.raises(BlobCorruptError):
        _read(found.image.layers[1])

    assert b"app" == _read(found.image.layers[1])


def test_a_cache_that_cannot_be_written_costs_a_warning(slow: _SlowStore, tmp_path: Path) -> None:
    """The image is saved all the same."""
    (tmp_path / "file").touch()
    warnings: list[str] = []
    store = LaunchCachedStore(slow, tmp_path / "file", warnings.append)

    store.save(_image(_layer(tmp_path, b"run"), _layer(tmp_path, b"app")), [_REFERENCE])

    assert slow.find(_REFERENCE) is not None
    assert store.find(_REFERENCE) is not None
    (warning,) = warnings
    assert warning.startswith("Launch layers are not kept")


@pytest.mark.parametrize("label", ["", "{", "[]", '{"runImage":{"topLayer":"sha256:other"}}', "{}"])
def test_without_a_run_image_all_layers_are_the_apps(tmp_path: Path, label: str) -> None:
    """A label that does not say where the run image ends leaves nothing out."""
    layers = (_layer(tmp_path, b"one"), _layer(tmp_path, b"two"))
    image = Image(config=ImageConfig(labels={LIFECYCLE_METADATA_LABEL: label}), layers=layers)

    assert layers == app_layers(image)
