"""Extended images that are kept: found again, seen in the inventory, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from builder.caches.extended_images import KeptExtendedImages
from builder.caches.inventory import Kind, inventory
from builder.places import Places
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import Image, ImageConfig, serialize
from tests.support.tars import Entry, make_tar


def test_image_is_found_again_and_listed(tmp_path: Path) -> None:
    """By its key, with layers that can be read; the inventory has an entry for each, which can be deleted alone."""
    places = Places(data=tmp_path / "data", cache=tmp_path / "cache")
    layer = BlobDirectory(tmp_path / "blobs").write_layer([make_tar(Entry("x", "1"))])
    image = Image(config=ImageConfig(env=("A=1",)), layers=(layer,))
    kept = KeptExtendedImages(places.extended)

    assert None is kept.find("a" * 64)
    kept.keep("a" * 64, image)
    kept.keep("b" * 64, image)

    found = kept.find("a" * 64)
    assert found is not None
    assert serialize(image) == serialize(found)
    with found.layers[0].open_blob() as blob:
        assert layer.blob.size == len(blob.read())
    assert [(Kind.EXTENDED, "aaaaaaaaaaaa"), (Kind.EXTENDED, "bbbbbbbbbbbb")] == sorted(
        (entry.kind, entry.name) for entry in inventory(places)
    )
