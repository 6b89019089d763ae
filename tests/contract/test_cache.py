"""The contract of the Cache port. Every implementation is run through all of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_py.caches.cache import Cache, CacheContents
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.model import DiffId, Layer, sha256
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes

CACHES: dict[str, Callable[[Path], Cache]] = {"directory": DirectoryCache}


@pytest.fixture(params=CACHES)
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    """Give an empty cache."""
    return CACHES[request.param](tmp_path / "cache")


@pytest.fixture
def blobs(tmp_path: Path) -> BlobDirectory:
    """Where a build has written its layers."""
    return BlobDirectory(tmp_path / "store")


def _recorded(name: str, layer: Layer, buildpack: str = "a/b") -> RecordedBuildpack:
    entry = RecordedLayer(diff_id=layer.diff_id, types=LayerTypes(cache=True), metadata={"version": [1, {"x": "y"}]})
    return RecordedBuildpack(id=BuildpackId(buildpack), version="1", layers={LayerName(name): entry})


def _fill(cache: Cache, blobs: BlobDirectory, *contents: bytes) -> list[Layer]:
    layers = [blobs.write_layer([content]) for content in contents]
    with cache.update() as update:
        for number, layer in enumerate(layers):
            update.record(_recorded(f"l{number}", layer, f"bp-{number}"), [layer])
    return layers


def _fail_to_update(cache: Cache, layer: Layer) -> None:
    with contextlib.suppress(ZeroDivisionError), cache.update() as update:
        update.record(_recorded("failed", layer), [layer])
        raise ZeroDivisionError


def test_a_new_cache_is_empty(cache: Cache) -> None:
    """There is nothing before the first update, and that is no error."""
    assert CacheContents() == cache.contents()


@pytest.mark.parametrize("compression", Compression)
def test_what_was_recorded_is_found(cache: Cache, blobs: BlobDirectory, compression: Compression) -> None:
    """Buildpacks, their layers' metadata and contents come back, however they were compressed."""
    layer = blobs.write_layer([b"tar" * 1000], compression)
    recorded = _recorded("l", layer)

    with cache.update() as update:
        update.record(recorded, [layer])

    contents = cache.contents()
    assert recorded == contents.buildpack(BuildpackId("a/b"))
    found = contents.layer(layer.diff_id)
    assert found is not None
    assert layer.blob == found.blob
    with cache.open_layer(layer.diff_id) as tar:
        assert b"tar" * 1000 == tar.read()


def test_an_update_replaces_everything(cache: Cache, blobs: BlobDirectory) -> None:
    """What the newest build did not record is no longer there."""
    old, kept = _fill(cache, blobs, b"old", b"kept")

    with cache.update() as update:
        update.record(_recorded("l", kept), [kept])

    contents = cache.contents()
    assert [BuildpackId("a/b")] == [one.id for one in contents.buildpacks]
    assert (None, True) == (contents.layer(old.diff_id), contents.layer(kept.diff_id) is not None)
    with pytest.raises(CacheUnusableError):
        cache.open_layer(old.diff_id)


def test_an_update_that_fails_changes_nothing(cache: Cache, blobs: BlobDirectory) -> None:
    """All at the end of the block, or nothing."""
    (old,) = _fill(cache, blobs, b"old")
    new = blobs.write_layer([b"new"])

    _fail_to_update(cache, new)

    contents = cache.contents()
    assert (True, None) == (contents.layer(old.diff_id) is not None, contents.layer(new.diff_id))


def test_an_update_is_not_seen_before_its_end(cache: Cache, blobs: BlobDirectory) -> None:
    """A build that runs meanwhile sees the old contents."""
    (old,) = _fill(cache, blobs, b"old")
    new = blobs.write_layer([b"new"])

    with cache.update() as update:
        update.record(_recorded("new", new), [new])
        during = cache.contents()

    assert (True, None) == (during.layer(old.diff_id) is not None, during.layer(new.diff_id))


def test_open_layer_refuses_what_is_not_there(cache: Cache) -> None:
    """A layer that was never recorded is an error that names it."""
    with pytest.raises(CacheUnusableError, match="sha256:"):
        cache.open_layer(DiffId(sha256(b"never")))


# What is particular to a directory.


@pytest.fixture
def directory(tmp_path: Path) -> DirectoryCache:
    """Give an empty cache."""
    return DirectoryCache(tmp_path / "cache")


def _blob_files(cache: DirectoryCache) -> list[str]:
    return sorted(path.name for path in (cache.directory / "blobs").rglob("*") if path.is_file())


def test_directory_deletes_blobs_nobody_names(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """Old layers do not pile up; what a failed update brought goes with the next one."""
    _fill(directory, blobs, b"old")
    _fail_to_update(directory, blobs.write_layer([b"failed"]))
    (directory.directory / "blobs" / ".partial-of-a-killed-update").touch()

    (new,) = _fill(directory, blobs, b"new")

    assert [new.blob.digest.removeprefix("sha256:")] == _blob_files(directory)
    assert len(list((blobs.root / "sha256").iterdir())) == 3  # the store's own are untouched


def test_directory_links_blobs_instead_of_copying(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """Keeping a layer costs no bytes."""
    (layer,) = _fill(directory, blobs, b"tar")

    found = directory.contents().layer(layer.diff_id)

    assert found is not None
    assert found.file is not None
    assert blobs.path(layer.blob.digest).samefile(found.file)


def test_directory_refuses_a_damaged_blob(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """A blob of the right size and wrong contents is found out before it is unpacked."""
    (layer,) = _fill(directory, blobs, b"tar")
    found = directory.contents().layer(layer.diff_id)
    assert found is not None
    assert found.file is not None
    data = found.file.read_bytes()
    found.file.write_bytes(data[:-1] + b"x")

    with pytest.raises(BlobCorruptError):
        directory.open_layer(layer.diff_id)


def test_directory_does_not_name_a_layer_whose_blob_was_cut(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """A blob of the wrong size is as good as absent."""
    (layer,) = _fill(directory, blobs, b"tar")
    (directory.directory / "blobs" / "sha256" / layer.blob.digest.removeprefix("sha256:")).write_bytes(b"")

    assert None is directory.contents().layer(layer.diff_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"version": 2}',
        '{"version": 1}',
        '{"version": 1, "layers": [], "buildpacks": []}',
        '{"version": 1, "layers": {}, "buildpacks": [{"key": "a", "layers": {"../x": {}}}]}',
        '{"version": 1, "layers": {"x": {"mediaType": "x", "digest": "sha256:../x", "size": 1}}, "buildpacks": []}',
    ],
)
def test_directory_that_is_damaged_is_empty(directory: DirectoryCache, blobs: BlobDirectory, text: str) -> None:
    """A cache that cannot be read costs time, not the build; the next update mends it."""
    _fill(directory, blobs, b"tar")
    (directory.directory / "cache.json").write_text(text)

    assert CacheContents() == directory.contents()
    (layer,) = _fill(directory, blobs, b"tar")
    assert directory.contents().layer(layer.diff_id) is not None


def test_directory_that_is_a_file_is_explained(tmp_path: Path) -> None:
    """A path that cannot be a cache is an error, not an empty cache."""
    (tmp_path / "file").touch()
    cache = DirectoryCache(tmp_path / "file")

    with pytest.raises(CacheUnusableError):
        cache.contents()
    with pytest.raises(CacheUnusableError), cache.update():
        pass


def _update_many(directory: Path, store: Path, name: str) -> None:
    cache, blobs = DirectoryCache(directory), BlobDirectory(store)
    for number in range(10):
        layers = [blobs.write_layer([f"{name} {number} {part}".encode()]) for part in range(3)]
        with cache.update() as update:
            for part, layer in enumerate(layers):
                update.record(_recorded("l", layer, f"{name}-{part}"), [layer])


def test_directory_survives_updates_at_once(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """The contents are those of one update, with all of its blobs and no others."""
    context = multiprocessing.get_context("fork")
    arguments = [(directory.directory, blobs.root, name) for name in "abc"]
    updaters = [context.Process(target=_update_many, args=one) for one in arguments]
    for updater in updaters:
        updater.start()
    for updater in updaters:
        updater.join()

    contents = directory.contents()
    assert [0, 0, 0] == [updater.exitcode for updater in updaters]
    assert 1 == len({buildpack.id.partition("-")[0] for buildpack in contents.buildpacks})
    assert sorted(layer.blob.digest.removeprefix("sha256:") for layer in contents.layers) == _blob_files(directory)


_UPDATE_FOREVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.oci.blobs import BlobDirectory
from tests.contract.test_cache import _fill
print("ready", flush=True)
for number in range(10**6):
    _fill(DirectoryCache(Path(sys.argv[1])), BlobDirectory(Path(sys.argv[2])), str(number).encode() * 50_000)
"""


def test_directory_is_whole_when_its_update_is_killed(directory: DirectoryCache, blobs: BlobDirectory) -> None:
    """Killed at any moment, it is the old or the new cache, with every blob."""
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-c", _UPDATE_FOREVER, str(directory.directory), str(blobs.root), str(root)]
    for milliseconds in (31, 53):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as updater:
            assert updater.stdout is not None
            updater.stdout.readline()
            time.sleep(milliseconds / 1000)
            updater.send_signal(signal.SIGKILL)

        contents = directory.contents()
        assert len(contents.buildpacks) == len(contents.layers)
        for layer in contents.layers:
            directory.open_layer(layer.diff_id).close()
    _fill(directory, blobs, b"after")
    assert 1 == len(_blob_files(directory))
