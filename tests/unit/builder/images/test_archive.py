"""Images as one file."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from builder.images.archive import write_archive
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.model import Image, ImageConfig, serialize


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image of one layer."""
    blobs = BlobDirectory(tmp_path / "blobs")
    return Image(config=ImageConfig(), layers=(blobs.write_layer(file_tar("/a", b"a", mode=0o644, owner=ROOT)),))


def members(file: Path) -> dict[str, bytes]:
    """Read an archive."""
    with tarfile.open(file) as archive:
        return {member.name: content.read() for member in archive if (content := archive.extractfile(member))}


def test_archive_is_a_layout_and_a_docker_archive(image: Image, tmp_path: Path) -> None:
    """Both indexes name the same blobs, and every blob is what its name says."""
    write_archive(image, ("shop:latest",), tmp_path / "shop.tar")
    found = members(tmp_path / "shop.tar")
    docker = json.loads(found["manifest.json"])[0]
    index = json.loads(found["index.json"])

    assert ["shop:latest"] == docker["RepoTags"]
    assert serialize(image).digest == index["manifests"][0]["digest"]
    assert {docker["Config"], *docker["Layers"]} <= set(found)
    for name, content in found.items():
        if name.startswith("blobs/"):
            assert name.rpartition("/")[2] == hashlib.sha256(content).hexdigest()


def test_same_image_gives_the_same_file(image: Image, tmp_path: Path) -> None:
    """No time and no owner of this machine is in the file."""
    for name in ("one", "two"):
        write_archive(image, ("shop:latest",), tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_layer_that_stands_twice_is_written_once(image: Image, tmp_path: Path) -> None:
    """An image may hold one layer twice; its blob is one file."""
    twice = Image(config=image.config, layers=image.layers * 2)
    write_archive(twice, ("x:latest",), tmp_path / "x.tar")
    with tarfile.open(tmp_path / "x.tar") as archive:
        names = archive.getnames()

    assert len(names) == len(set(names))


def test_failure_leaves_the_old_file(image: Image, tmp_path: Path) -> None:
    """When a blob is gone, the archive of before stays and no half-written file is left."""
    file = tmp_path / "out" / "shop.tar"
    write_archive(image, ("shop:latest",), file)
    before = file.read_bytes()
    layer = image.layers[0]
    assert layer.file is not None
    layer.file.unlink()
    with pytest.raises(FileNotFoundError):
        write_archive(image, ("shop:latest",), file)

    assert before == file.read_bytes()
    assert [file] == list(file.parent.iterdir())
