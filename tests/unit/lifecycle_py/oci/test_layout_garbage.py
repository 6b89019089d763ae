"""What a layout forgets when it is asked to."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from lifecycle_py.oci import layout_garbage
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig, MediaType


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayoutStore:
    """A layout in which an hour passes at once."""
    monkeypatch.setattr(layout_garbage, "_YOUNG", -1)
    return LayoutStore(tmp_path / "layout")


def image(tmp_path: Path, content: bytes) -> Image:
    """An image of one layer."""
    blobs = BlobDirectory(tmp_path / "staging")
    return Image(config=ImageConfig(), layers=(blobs.write_layer(file_tar("/a", content, mode=0o644, owner=ROOT)),))


def blobs_of(layout: LayoutStore) -> set[str]:
    """Name the blobs there are."""
    return {file.name for file in (layout.directory / "blobs").glob("*/*")}


def test_image_whose_name_moved_on_is_removed(layout: LayoutStore, tmp_path: Path) -> None:
    """Its layer, config and manifest go; those of the image that has the name now stay."""
    layout.save(image(tmp_path, b"old"), ["app:latest"])
    old = blobs_of(layout)
    layout.save(image(tmp_path, b"new"), ["app:latest"])
    freed = layout.remove_unreferenced()

    assert freed > 0
    assert 3 == len(blobs_of(layout))
    assert not blobs_of(layout) & old
    assert layout.find("app:latest") is not None


def test_shared_layers_stay(layout: LayoutStore, tmp_path: Path) -> None:
    """A layer that another image uses is kept."""
    first = image(tmp_path, b"shared")
    layout.save(first, ["a:latest"])
    layout.save(Image(config=ImageConfig(user="1000"), layers=first.layers), ["b:latest"])
    layout.save(image(tmp_path, b"other"), ["a:latest"])
    layout.remove_unreferenced()
    found = layout.find("b:latest")

    assert found is not None
    with found.image.layers[0].open_blob() as blob:
        assert blob.read(2)


def test_what_others_put_there_stays(layout: LayoutStore, tmp_path: Path) -> None:
    """Images below a nested index of another tool are reached through it."""
    saved = layout.save(image(tmp_path, b"nested"), ["app:latest"])
    index_file = layout.directory / "index.json"
    index = json.loads(index_file.read_text())
    nested = json.dumps({"schemaVersion": 2, "manifests": index["manifests"]}).encode()
    digest = layout.blobs.write_bytes(nested)
    index["manifests"] = [{"mediaType": MediaType.INDEX, "digest": digest, "size": len(nested)}]
    index_file.write_text(json.dumps(index))
    before = blobs_of(layout)

    assert 0 == layout.remove_unreferenced()
    assert before == blobs_of(layout)
    assert saved.digest.partition(":")[2] in before


def test_young_blobs_stay(tmp_path: Path) -> None:
    """A blob that a saver has brought in before writing the index is left alone, however old its contents."""
    layout = LayoutStore(tmp_path / "layout")
    digest = layout.blobs.write_bytes(b"in flight")
    long_ago = time.time() - 100_000
    os.utime(layout.blobs.path(digest), (long_ago, long_ago))
    layout.save(image(tmp_path, b"x"), ["app:latest"])

    assert 0 == layout.remove_unreferenced()
    assert layout.blobs.path(digest).exists()
