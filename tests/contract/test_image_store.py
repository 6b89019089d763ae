"""The contract of the ImageStore port. Every implementation is run through all of it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lifecycle_py.caches.launch_cache import LaunchCachedStore
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.errors import StoreCorruptError, StoreUnusableError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Digest, History, Image, ImageConfig, Layer, serialize, sha256
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.oci.store import ImageStore
from tests.support.docker_engine import fake_engine, real_engine, remove_images
from tests.support.registry import fake_registry
from tests.support.tars import Entry, make_tar


@contextlib.contextmanager
def _registry(_: Path) -> Iterator[ImageStore]:
    with fake_registry() as registry:
        yield RegistryStore(RegistrySettings(default_host=registry.host), Keychain({}))


@contextlib.contextmanager
def _guarded_registry(_: Path) -> Iterator[ImageStore]:
    with fake_registry(auth="token") as registry:
        environ = {"CNB_REGISTRY_AUTH": json.dumps({registry.host: "X-Identity identity"})}
        yield RegistryStore(RegistrySettings(default_host=registry.host), Keychain(environ))


@contextlib.contextmanager
def _launch_cached(directory: Path) -> Iterator[ImageStore]:
    with _registry(directory) as registry:
        yield LaunchCachedStore(registry, directory, lambda _: None)


@contextlib.contextmanager
def _fake_daemon(directory: Path, *, containerd: bool) -> Iterator[ImageStore]:
    with fake_engine(directory, containerd=containerd) as engine:
        yield DaemonStore.from_environment({"DOCKER_HOST": engine.host})


STORES: dict[str, Callable[[Path], contextlib.AbstractContextManager[ImageStore]]] = {
    "layout": lambda directory: contextlib.nullcontext(LayoutStore(directory)),
    "registry": _registry,
    "guarded registry": _guarded_registry,
    "registry with a launch cache": _launch_cached,
    "daemon with a graph driver": partial(_fake_daemon, containerd=False),
    "daemon with containerd": partial(_fake_daemon, containerd=True),
}
_REAL_DAEMON = pytest.param("real daemon", marks=pytest.mark.end_to_end)


@pytest.fixture(params=[*STORES, _REAL_DAEMON])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ImageStore]:
    """Give an empty store."""
    if request.param in STORES:
        with STORES[request.param](tmp_path / "store") as one:
            yield one
        return
    host = request.getfixturevalue("real_daemon")
    yield DaemonStore.from_environment({"DOCKER_HOST": host})
    remove_images(host)


@pytest.fixture(scope="session")
def real_daemon() -> Iterator[str]:
    """Run a Docker daemon; gives its ``DOCKER_HOST``."""
    with real_engine() as host:
        yield host


@pytest.fixture
def layers(tmp_path: Path) -> tuple[Layer, ...]:
    """Two layers that are files of another directory."""
    blobs = BlobDirectory(tmp_path / "elsewhere")
    return tuple(blobs.write_layer([make_tar(Entry(name, name))]) for name in ("one", "two"))


def _image(layers: tuple[Layer, ...] = (), **labels: str) -> Image:
    config = ImageConfig(
        env=("A=1=2",),
        labels=labels,
        user="1000",
        entrypoint=("/x",),
        created="1980-01-01T00:00:01Z",
        history=tuple(History(created="1980-01-01T00:00:01Z", created_by=layer.diff_id) for layer in layers),
        other={"ExposedPorts": {"80/tcp": {}}},
    )
    return Image(config=config, layers=layers, annotations={"org.example": "yes"})


def test_find_gives_none_for_what_is_not_there(store: ImageStore) -> None:
    """Absent is no error, not even in a store that was never written."""
    assert None is store.find("example/app")


def test_an_image_saved_is_found_equal(store: ImageStore, layers: tuple[Layer, ...]) -> None:
    """Configuration and layers come back as they went in, and with them the image ID."""
    image = _image(layers, key="value")

    saved = store.save(image, ["example/app:1"])

    found = store.find("example/app:1")
    assert found is not None
    assert image.config == found.image.config
    assert [one.diff_id for one in layers] == [one.diff_id for one in found.image.layers]
    assert saved.image_id == serialize(image).image_id == serialize(found.image).image_id
    assert (saved.digest, f"example/app:1@{saved.digest}") == (found.digest, found.reference)


@pytest.mark.parametrize("name", ["layout", "registry", "guarded registry"])
def test_a_manifest_saved_is_found_equal(name: str, layers: tuple[Layer, ...], tmp_path: Path) -> None:
    """Where manifests are kept, annotations and blobs come back as they went in."""
    with STORES[name](tmp_path / "store") as store:
        image = _image(layers)
        store.save(image, ["example/app"])
        found = store.find("example/app")

    assert found is not None
    assert image.annotations == found.image.annotations
    assert [one.blob for one in layers] == [one.blob for one in found.image.layers]


@pytest.mark.parametrize("name", ["layout", "registry"])
def test_an_image_of_another_store_can_be_saved(
    name: str, store: ImageStore, layers: tuple[Layer, ...], tmp_path: Path
) -> None:
    """An image goes from any store to any other, and keeps its ID."""
    image = _image(layers)
    store.save(image, ["example/app"])
    found = store.find("example/app")
    assert found is not None

    with STORES[name](tmp_path / "other") as other:
        saved = other.save(found.image, ["copy"])
        copy = other.find("copy")
        assert copy is not None
        for layer in copy.image.layers:
            with layer.open_blob() as blob:
                data = blob.read()
                assert (layer.blob.digest, layer.blob.size) == (sha256(data), len(data))

    assert serialize(image).image_id == saved.image_id


def test_layers_of_a_found_image_can_be_read(store: ImageStore, layers: tuple[Layer, ...]) -> None:
    """Each layer gives its blob's bytes, as often as asked."""
    store.save(_image(layers), ["example/app"])

    found = store.find("example/app")

    assert found is not None
    for layer in (*found.image.layers, *found.image.layers):
        with layer.open_blob() as blob:
            assert layer.blob.digest == sha256(blob.read())


def test_saving_the_same_image_gives_the_same_digest(store: ImageStore, layers: tuple[Layer, ...]) -> None:
    """A digest depends on the image alone."""
    first = store.save(_image(layers, b="2", a="1"), ["one"])
    second = store.save(_image(layers, a="1", b="2"), ["two"])

    assert (first.digest, first.image_id) == (second.digest, second.image_id)


def test_layers_may_be_brought_ahead(store: ImageStore, layers: tuple[Layer, ...]) -> None:
    """It changes nothing but when they are sent; an error meanwhile is the caller's own."""
    with store.ahead(["example/app"]) as bring:
        for layer in layers:
            bring(layer)
    ahead = store.save(_image(layers), ["example/app"])
    with pytest.raises(IndexError), store.ahead(["example/app"]) as bring:
        bring(layers[len(layers)])

    assert ahead.digest == store.save(_image(layers), ["example/other"]).digest


def test_an_image_is_found_by_its_exact_reference(store: ImageStore) -> None:
    """``name@digest`` names this content; another digest is not there."""
    saved = store.save(_image(), ["example/app"])

    found = store.find(f"example/app@{saved.digest}")

    assert found is not None
    assert saved.digest == found.digest
    assert None is store.find(f"example/app@{sha256(b'other')}")


def test_saving_under_a_name_again_replaces_it(store: ImageStore) -> None:
    """A name means the newest image."""
    store.save(_image(version="1"), ["example/app"])
    store.save(_image(version="2"), ["example/app"])

    found = store.find("example/app")

    assert found is not None
    assert {"version": "2"} == found.image.config.labels


def test_saving_under_two_names_makes_both_the_same(store: ImageStore) -> None:
    """All references given are saved, and replacing one leaves the other."""
    saved = store.save(_image(version="1"), ["example/app:1", "example/app:latest"])
    store.save(_image(version="2"), ["example/app:latest"])

    found = store.find("example/app:1")

    assert found is not None
    assert (("example/app:1", "example/app:latest"), saved.digest) == (saved.references, found.digest)


def test_an_image_found_can_be_saved_with_a_change(store: ImageStore, layers: tuple[Layer, ...]) -> None:
    """A new configuration over the same layers, as a rebase or a label makes it."""
    store.save(_image(layers), ["example/app"])
    found = store.find("example/app")
    assert found is not None

    store.save(dataclasses.replace(found.image, config=dataclasses.replace(found.image.config, user="0")), ["changed"])

    changed = store.find("changed")
    assert changed is not None
    assert ("0", found.image.layers[0].diff_id) == (changed.image.config.user, changed.image.layers[0].diff_id)


def test_check_access_passes_where_saving_is_possible(store: ImageStore) -> None:
    """A store that does not exist yet can be written."""
    store.check_access("example/app", write=True)
    store.check_access("example/app", write=False)


# What is particular to a layout directory.


@pytest.fixture
def layout(tmp_path: Path) -> LayoutStore:
    """Give an empty layout."""
    return LayoutStore(tmp_path / "layout")


def test_layout_links_blobs_of_the_same_file_system(layout: LayoutStore, layers: tuple[Layer, ...]) -> None:
    """Saving costs no copy of the layers."""
    layout.save(_image(layers), ["example/app"])

    assert layers[0].file is not None
    assert layout.blobs.path(layers[0].blob.digest).samefile(layers[0].file)


def test_layout_lists_its_names(layout: LayoutStore) -> None:
    """Names are sorted."""
    layout.save(_image(), ["b", "a"])

    assert ("a", "b") == layout.references()


def test_layout_check_access_explains_a_path_that_is_a_file(tmp_path: Path) -> None:
    """What would fail after the build fails before it."""
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnusableError, match=r"Not a directory|File exists"):
        LayoutStore(tmp_path / "file").check_access("x", write=True)
    with pytest.raises(StoreUnusableError, match=r"Not a directory|File exists"):
        LayoutStore(tmp_path / "file" / "below").save(_image(), ["x"])


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        "{",
        "null",
        '{"manifests": 7}',
        '{"manifests": [{}]}',
        '{"manifests": ["x"]}',
        '{"manifests": [{"mediaType": "x", "digest": "sha256:../../../etc/passwd", "size": 1}]}',
        '{"manifests": [{"mediaType": "x", "digest": "sha256:", "size": 1}]}',
    ],
)
def test_layout_explains_a_damaged_index(layout: LayoutStore, index: str) -> None:
    """A damaged index is neither an empty one nor a crash, and it is not written over."""
    layout.save(_image(), ["example/app"])
    (layout.directory / "index.json").write_text(index)

    with pytest.raises(StoreCorruptError):
        layout.find("example/app")
    with pytest.raises(StoreCorruptError):
        layout.save(_image(), ["other"])
    assert index == (layout.directory / "index.json").read_text()


@pytest.mark.parametrize("damage", ["change", "cut", "remove"])
@pytest.mark.parametrize("which", ["manifest", "config"])
def test_layout_explains_a_damaged_image(layout: LayoutStore, which: str, damage: str) -> None:
    """A manifest or config that is missing or not its digest is an error that names the blob."""
    saved = layout.save(_image(), ["example/app"])
    digest = saved.digest if which == "manifest" else Digest(saved.image_id)
    file = layout.blobs.path(digest)
    data = file.read_bytes()
    file.unlink()
    if damage != "remove":
        file.write_bytes(data[:-1] + (b"" if damage == "cut" else b" "))

    with pytest.raises(StoreCorruptError, match=digest):
        layout.find("example/app")


@pytest.mark.parametrize("manifest", [b"7", b"[]", b"{}", b'{"config": 1, "layers": []}', b"not json", b"\xff"])
def test_layout_explains_a_manifest_that_is_none(layout: LayoutStore, manifest: bytes) -> None:
    """A blob with the right digest may still hold nonsense."""
    layout.save(_image(), ["example/app"])
    digest = layout.blobs.write_bytes(manifest)
    index = layout.directory / "index.json"
    index.write_text(index.read_text().replace(layout._entries()[0].digest, digest))

    with pytest.raises(StoreCorruptError):
        layout.find("example/app")


def test_layout_saves_again_what_was_damaged(layout: LayoutStore) -> None:
    """Saving the image again mends a cut blob."""
    saved = layout.save(_image(), ["example/app"])
    layout.blobs.path(saved.digest).write_bytes(b"")

    layout.save(_image(), ["example/app"])

    assert layout.find("example/app") is not None


def test_layout_keeps_entries_of_others(layout: LayoutStore) -> None:
    """Entries without a name, as other tools write them, stay in the index."""
    layout.save(_image(version="1"), ["x"])
    index = layout.directory / "index.json"
    index.write_text(index.read_text().replace('"org.opencontainers.image.ref.name":"x"', '"org.example":"1"'))

    layout.save(_image(version="2"), ["y"])

    assert (2, ("y",)) == (len(layout._entries()), layout.references())


def _save_many(directory: Path, name: str) -> None:
    store = LayoutStore(directory)
    for number in range(15):
        store.save(_image(version=str(number)), [f"{name}-{number}"])


def test_layout_survives_savers_at_once(layout: LayoutStore) -> None:
    """No saver loses what another one saved."""
    context = multiprocessing.get_context("fork")
    savers = [context.Process(target=_save_many, args=(layout.directory, name)) for name in "abcd"]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()

    assert [0, 0, 0, 0] == [saver.exitcode for saver in savers]
    assert 60 == len(layout.references())


_SAVE_FOREVER = """
import sys
from pathlib import Path
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig
store = LayoutStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(10**6):
    layer = store.blobs.write_layer([str(number).encode() * 100_000])
    store.save(Image(config=ImageConfig(labels={"number": str(number)}), layers=(layer,)), ["example/app"])
"""


def test_layout_is_whole_when_its_saver_is_killed(layout: LayoutStore) -> None:
    """Killed at any moment, the store holds the old or the new image."""
    for milliseconds in (30, 47, 71):
        with subprocess.Popen([sys.executable, "-c", _SAVE_FOREVER, layout.directory], stdout=subprocess.PIPE) as saver:
            assert saver.stdout is not None
            saver.stdout.readline()
            time.sleep(milliseconds / 1000)
            saver.send_signal(signal.SIGKILL)

        found = layout.find("example/app")
        if found is not None:
            layer = found.image.layers[0]
            assert layer.blob.digest == sha256(layout.blobs.path(layer.blob.digest).read_bytes())
    layout.save(_image(), ["after"])
    assert layout.find("after") is not None


@pytest.mark.end_to_end
@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_layout_is_valid_for_skopeo(layout: LayoutStore, layers: tuple[Layer, ...], tmp_path: Path) -> None:
    """Another implementation reads the layout, and copies it with every digest verified."""
    saved = layout.save(_image(layers), ["example/app:1"])
    source = f"oci:{layout.directory}:example/app:1"

    inspected = subprocess.run(
        ["skopeo", "inspect", "--format", "{{.Digest}}", source], capture_output=True, text=True, check=True
    )
    subprocess.run(
        ["skopeo", "copy", "--insecure-policy", source, f"oci:{tmp_path / 'copy'}:x"],
        capture_output=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )

    assert saved.digest == inspected.stdout.strip()


def test_layout_takes_a_name_away(tmp_path: Path, layers: tuple[Layer, ...]) -> None:
    """The image keeps its other names; a name that is not there is told."""
    layout = LayoutStore(tmp_path / "layout")
    layout.save(_image(layers), ["a:1", "b:1"])

    assert (True, False) == (layout.remove("a:1"), layout.remove("a:1"))
    assert ("b:1",) == layout.references()
