"""What is particular to a volume cache: the reference lifecycle's names and JSON, and no second copy of a layer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.caches.cache import CacheContents
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.volume_cache import VolumeCache
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.model import DiffId, Layer, sha256
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes

_TAR = b"tar" * 1000
_DIFF_ID = DiffId(sha256(_TAR))
_METADATA = "io.buildpacks.lifecycle.cache.metadata"
# As Go's encoder writes it: its structures' order, maps sorted, "<" escaped, a newline at the end.
_JSON = (
    '{"sbom":{"sha":""},"buildpacks":[{"key":"a/b","version":"1","layers":{"l":'
    f'{{"sha":"{_DIFF_ID}","data":{{"a":"\\u003c","z":1}},"build":false,"launch":false,"cache":true}}}}}}]}}\n'
)


@pytest.fixture
def cache(tmp_path: Path) -> VolumeCache:
    """Give an empty cache."""
    return VolumeCache(tmp_path / "cache")


@pytest.fixture
def blobs(tmp_path: Path) -> BlobDirectory:
    """Where a build has written its layers."""
    return BlobDirectory(tmp_path / "store")


def _recorded(layer: Layer) -> RecordedBuildpack:
    entry = RecordedLayer(diff_id=layer.diff_id, types=LayerTypes(cache=True), metadata={"z": 1, "a": "<"})
    return RecordedBuildpack(id=BuildpackId("a/b"), version="1", layers={LayerName("l"): entry})


def _keep(cache: VolumeCache, layer: Layer) -> None:
    with cache.update() as update:
        update.record(_recorded(layer), [layer])


def _files(directory: Path) -> list[str]:
    return sorted(
        str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file() and path.name != ".lock"
    )


def test_files_are_those_of_the_reference(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """The uncompressed tar under its diff ID, and the metadata; nothing else is left."""
    _keep(cache, blobs.write_layer([_TAR], tar=cache.new_tar()))

    committed = cache.directory / "committed"
    assert [f"committed/{_METADATA}", f"committed/{_DIFF_ID}.tar"] == _files(cache.directory)
    assert (_TAR, _JSON) == (
        (committed / f"{_DIFF_ID}.tar").read_bytes(),
        (committed / _METADATA).read_text(),
    )


def test_a_cache_of_the_reference_is_read(cache: VolumeCache) -> None:
    """What the reference left is found, its empty SBOM and buildpacks without layers included."""
    committed = cache.directory / "committed"
    committed.mkdir(parents=True)
    (committed / f"{_DIFF_ID}.tar").write_bytes(_TAR)
    (committed / _METADATA).write_text(_JSON.replace("]}\n", ',{"key":"c","version":"2","layers":{}}]}\n'))

    contents = cache.contents()

    assert (["a/b", "c"], None) == ([buildpack.id for buildpack in contents.buildpacks], contents.sbom)
    with cache.open_layer(_DIFF_ID) as tar:
        assert _TAR == tar.read()


def test_a_tar_written_on_the_way_is_linked(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """The export's own write is the cache's file."""
    layer = blobs.write_layer([_TAR], tar=cache.new_tar())
    assert layer.tar is not None
    inode = layer.tar.stat().st_ino

    _keep(cache, layer)

    assert inode == (cache.directory / "committed" / f"{_DIFF_ID}.tar").stat().st_ino


def test_an_unchanged_layer_is_linked(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """Keeping what is there costs no bytes."""
    _keep(cache, blobs.write_layer([_TAR]))
    file = cache.directory / "committed" / f"{_DIFF_ID}.tar"
    inode = file.stat().st_ino

    _keep(cache, blobs.write_layer([_TAR]))

    assert inode == file.stat().st_ino


def test_a_killed_commit_leaves_the_old(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """Between its two renames only the backup is there, which is the old cache; the next commit goes on from it."""
    layer = blobs.write_layer([_TAR])
    _keep(cache, layer)
    (cache.directory / "committed").rename(cache.directory / "committed-backup")

    assert [layer.diff_id] == [one.diff_id for one in cache.contents().layers]
    with cache.open_layer(_DIFF_ID) as tar:
        assert _TAR == tar.read()
    _keep(cache, layer)
    assert [f"committed/{_METADATA}", f"committed/{_DIFF_ID}.tar"] == _files(cache.directory)


def test_what_killed_updates_left_is_deleted(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """A staging directory that no process holds goes with the next update; one in use stays."""
    (cache.directory / "staging-killed").mkdir(parents=True)
    other = VolumeCache(cache.directory)
    in_use = other.new_tar()
    assert in_use is not None

    _keep(cache, blobs.write_layer([_TAR]))

    assert (False, True) == ((cache.directory / "staging-killed").exists(), in_use.parent.exists())


@pytest.mark.parametrize(("hours", "stays"), [(0, True), (2, False)])
def test_the_references_staging_is_deleted_when_it_is_old(
    cache: VolumeCache, blobs: BlobDirectory, *, hours: int, stays: bool
) -> None:
    """A process of the reference may be at work in it, for some time."""
    staging = cache.directory / "staging"
    staging.mkdir(parents=True)
    begun = time.time() - hours * 3600
    os.utime(staging, (begun, begun))

    _keep(cache, blobs.write_layer([_TAR]))

    assert stays == staging.exists()


def test_a_tar_that_cannot_be_written_costs_only_time(blobs: BlobDirectory, tmp_path: Path) -> None:
    """The layer is made all the same, without its tar."""
    layer = blobs.write_layer([_TAR], tar=tmp_path / "absent" / "x.tar")

    assert (None, _DIFF_ID) == (layer.tar, layer.diff_id)


def test_a_layer_that_fails_leaves_no_tar(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """A layer whose files cannot be read leaves no half of a tar behind."""
    tar = cache.new_tar()
    assert tar is not None

    def chunks() -> Iterator[bytes]:
        yield _TAR
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        blobs.write_layer(chunks(), tar=tar)

    assert not tar.exists()


def test_a_blob_that_is_not_its_layer_is_not_kept(cache: VolumeCache, blobs: BlobDirectory) -> None:
    """A layer's tar is verified when it has to be uncompressed for the cache."""
    layer, other = blobs.write_layer([_TAR]), blobs.write_layer([b"other"])
    assert layer.file is not None
    assert other.file is not None
    layer.file.unlink()
    other.file.rename(layer.file)

    with pytest.raises(BlobCorruptError):
        _keep(cache, layer)

    assert CacheContents() == cache.contents()


@pytest.mark.parametrize(
    "metadata",
    [
        {"buildpacks": [{"key": "a", "layers": {"l": {"sha": "sha256:../../x"}}}]},
        {"buildpacks": [{"key": "a", "layers": {"../l": {"sha": _DIFF_ID}}}]},
        {"sbom": {"sha": "x"}},
        {"sbom": []},
        [],
        None,
    ],
)
def test_metadata_that_make_no_sense_are_as_good_as_none(cache: VolumeCache, metadata: object) -> None:
    """Names become paths, so a wrong one is refused with all that stands beside it."""
    (cache.directory / "committed").mkdir(parents=True)
    (cache.directory / "committed" / _METADATA).write_text(json.dumps(metadata))

    assert CacheContents() == cache.contents()


def test_a_place_that_is_no_directory_is_explained(tmp_path: Path) -> None:
    """A path that cannot be a cache is an error, not an empty cache."""
    (tmp_path / "file").touch()
    cache = VolumeCache(tmp_path / "file")

    assert None is cache.new_tar()
    with pytest.raises(CacheUnusableError):
        cache.contents()
    with pytest.raises(CacheUnusableError), cache.update():
        pass
