"""The contract of the Cache port. Every implementation is run through all of it."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lifecycle_py.caches.cache import Cache, CacheContents
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.image_cache import ImageCache
from lifecycle_py.caches.volume_cache import VolumeCache
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import BlobCorruptError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import DiffId, Layer, sha256
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes

_KILLED = 137  # the exit code of a test's process that ends as if it was killed

CACHES: dict[str, Callable[[Path], Cache]] = {
    "directory": DirectoryCache,
    "volume": VolumeCache,
    "image": lambda path: ImageCache(LayoutStore(path), "example.com/cache"),
}


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
    layers = [blobs.write_layer([content], tar=cache.new_tar()) for content in contents]
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
    assert contents.layer(layer.diff_id) is not None
    with cache.open_layer(layer.diff_id) as tar:
        assert b"tar" * 1000 == tar.read()


def test_bills_of_materials_are_a_layer_of_their_own(cache: Cache, blobs: BlobDirectory) -> None:
    """The SBOM layer is found as such, and no buildpack's."""
    layer, sbom = blobs.write_layer([b"tar"]), blobs.write_layer([b"sbom"], tar=cache.new_tar())

    with cache.update() as update:
        update.record(_recorded("l", layer), [layer])
        update.record_sbom(sbom)

    contents = cache.contents()
    assert sbom.diff_id == contents.sbom
    with cache.open_layer(sbom.diff_id) as tar:
        assert b"sbom" == tar.read()


def test_there_need_be_no_bills_of_materials(cache: Cache, blobs: BlobDirectory) -> None:
    """A build without any leaves none, whatever the one before left."""
    with cache.update() as update:
        update.record_sbom(blobs.write_layer([b"sbom"], tar=cache.new_tar()))

    _fill(cache, blobs, b"tar")

    assert None is cache.contents().sbom


def test_a_layer_may_be_kept_as_the_cache_gave_it(cache: Cache, blobs: BlobDirectory) -> None:
    """What was restored and is unchanged is kept without being made again."""
    (layer,) = _fill(cache, blobs, b"tar" * 1000)
    found = cache.contents().layer(layer.diff_id)
    assert found is not None

    with cache.update() as update:
        update.record(_recorded("l", found), [found])

    with cache.open_layer(layer.diff_id) as tar:
        assert b"tar" * 1000 == tar.read()


def test_an_empty_update_empties_the_cache(cache: Cache, blobs: BlobDirectory) -> None:
    """A build without cached layers leaves a cache that holds nothing, and can be filled again."""
    _fill(cache, blobs, b"tar")

    with cache.update():
        pass

    assert CacheContents() == cache.contents()
    (layer,) = _fill(cache, blobs, b"again")
    assert [layer.diff_id] == [one.diff_id for one in cache.contents().layers]


def test_a_damaged_layer_is_found_out_while_it_is_read(cache: Cache, blobs: BlobDirectory, tmp_path: Path) -> None:
    """Whoever reads to the end of wrong contents is told."""
    (layer,) = _fill(cache, blobs, os.urandom(2_000_000))
    _damage(tmp_path / "cache")

    with pytest.raises(BlobCorruptError), cache.open_layer(layer.diff_id) as tar:
        tar.read()


@pytest.mark.parametrize("kind", ["directory", "volume"])
def test_a_damaged_layer_does_not_stay(kind: str, tmp_path: Path) -> None:
    """Once it was made anew, the cache is whole again: what was found damaged is not taken for what is there."""
    content = os.urandom(2_000_000)
    cache = CACHES[kind](tmp_path / "cache")
    (layer,) = _fill(cache, BlobDirectory(tmp_path / "store"), content)
    _damage(tmp_path / "cache")
    with contextlib.suppress(BlobCorruptError), cache.open_layer(layer.diff_id) as tar:
        tar.read()

    made_anew = BlobDirectory(tmp_path / "store of another build").write_layer([content])
    with cache.update() as update:
        update.record(_recorded("l", made_anew), [made_anew])

    with cache.open_layer(layer.diff_id) as tar:
        assert content == tar.read()


def _damage(directory: Path) -> None:
    """Change a byte of each layer, as a disk would: other names of the file keep what they had."""
    for file in directory.rglob("*"):
        if file.is_file() and file.stat().st_size > 1_000_000:
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.unlink()
            file.write_bytes(data)


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
    assert layer.blob == found.blob
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

    with pytest.raises(BlobCorruptError), directory.open_layer(layer.diff_id) as tar:
        tar.read()


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


# Several builds at once, and builds that are killed.


@pytest.mark.parametrize("kind", CACHES)
def test_updates_at_once_leave_one_of_them(kind: str, tmp_path: Path) -> None:
    """The contents are those of one update, with all of its layers."""
    context = multiprocessing.get_context("fork")
    updaters = [context.Process(target=_update_many, args=(kind, tmp_path, name)) for name in "abc"]
    for updater in updaters:
        updater.start()
    for updater in updaters:
        updater.join()

    cache = CACHES[kind](tmp_path / "cache")
    contents = cache.contents()
    assert [0, 0, 0] == [updater.exitcode for updater in updaters]
    assert 1 == len({buildpack.id.partition("-")[0] for buildpack in contents.buildpacks})
    assert (3, 3) == (len(contents.buildpacks), len(contents.layers))
    for layer in contents.layers:
        with cache.open_layer(layer.diff_id) as tar:
            assert tar.read()


def _update_many(kind: str, place: Path, name: str) -> None:
    blobs = BlobDirectory(place / "store")
    for number in range(10):
        cache = CACHES[kind](place / "cache")
        layers = [
            blobs.write_layer([f"{name} {number} {part}".encode()], tar=cache.new_tar() if part else None)
            for part in range(3)
        ]
        with cache.update() as update:
            for part, layer in enumerate(layers):
                update.record(_recorded("l", layer, f"{name}-{part}"), [layer])


_STEPS = frozenset({"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "shutil.rmtree"})


def _update_until(kind: str, place: Path, content: bytes, last: int) -> None:
    """Update a cache, and die at once, without any clean-up, before the step ``last`` on the file system."""
    steps = itertools.count(1)

    def die(event: str, arguments: tuple[object, ...]) -> None:
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_WRONLY)
        if (event in _STEPS or opens) and next(steps) == last:
            os._exit(_KILLED)

    blobs = BlobDirectory(place / "store")
    sys.addaudithook(die)
    _fill(CACHES[kind](place / "cache"), blobs, content, content * 2)


@pytest.mark.parametrize("kind", CACHES)
def test_an_update_killed_at_any_step_leaves_the_old_or_the_new(kind: str, tmp_path: Path) -> None:
    """Before each single step on the file system: the cache is whole, and the next update leaves nothing of it."""
    _fill(CACHES[kind](tmp_path / "cache"), BlobDirectory(tmp_path / "store"), b"old")
    context = multiprocessing.get_context("fork")
    last, codes = 0, [_KILLED]
    while codes[-1] == _KILLED:
        last += 1
        updater = context.Process(target=_update_until, args=(kind, tmp_path, f"new {last}".encode(), last))
        updater.start()
        updater.join()
        codes.append(updater.exitcode or 0)

        cache = CACHES[kind](tmp_path / "cache")
        contents = cache.contents()
        named = {layer.diff_id for one in contents.buildpacks for layer in one.layers.values()}
        assert named
        assert named == {layer.diff_id for layer in contents.layers}
        for layer in contents.layers:
            with cache.open_layer(layer.diff_id) as tar:
                assert tar.read()

    assert (0, True) == (codes[-1], last > len(_STEPS))
    (after,) = _fill(CACHES[kind](tmp_path / "cache"), BlobDirectory(tmp_path / "store"), b"after")
    assert [after.diff_id] == [layer.diff_id for layer in CACHES[kind](tmp_path / "cache").contents().layers]
    assert [] == list((tmp_path / "cache").glob("staging*"))
