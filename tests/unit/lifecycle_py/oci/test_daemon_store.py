"""What is particular to a Docker daemon as an image store."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.daemon.described import described_config
from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.errors import DaemonRefusedError, DaemonUnreachableError, StoreCorruptError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig, Layer, serialize
from tests.support.docker_engine import FakeEngine, fake_engine
from tests.support.tars import Entry, make_tar


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """Give a daemon with a graph driver."""
    with fake_engine(tmp_path / "s") as one:
        yield one


@pytest.fixture
def store(engine: FakeEngine) -> DaemonStore:
    """Give the daemon's store."""
    return DaemonStore.from_environment({"DOCKER_HOST": engine.host})


def _image(directory: Path, *contents: str, compression: Compression = Compression.GZIP) -> Image:
    blobs = BlobDirectory(directory / "blobs")
    layers = tuple(blobs.write_layer([make_tar(Entry("f", one))], compression) for one in contents)
    return Image(config=ImageConfig(created="1980-01-01T00:00:01Z"), layers=layers)


def _unreadable(layer: Layer) -> Layer:
    def open_blob() -> None:
        raise AssertionError(layer.diff_id)

    return dataclasses.replace(layer, open_blob=open_blob, file=None)  # type: ignore[arg-type]


def test_saving_an_unchanged_image_sends_no_layer(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """The second archive holds a configuration and an index; layers are not even opened."""
    image = _image(tmp_path, os.urandom(5000).hex(), os.urandom(5000).hex())
    first = store.save(image, ["app"])

    again = store.save(dataclasses.replace(image, layers=tuple(map(_unreadable, image.layers))), ["app"])

    assert first == again
    assert [0, 0] == [size for path, size in engine.loaded[1].items() if path.startswith("present/")]
    assert sum(engine.loaded[1].values()) < 2000 < sum(engine.loaded[0].values())


def test_only_layers_above_the_common_ones_are_sent(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """Of an app image over a known base, whatever its name, only the app's own layers travel."""
    base = _image(tmp_path, "base", "more base")
    store.save(base, ["base"])
    app = _image(tmp_path, "base", "more base", "app")

    store.save(dataclasses.replace(app, layers=(*map(_unreadable, app.layers[:2]), app.layers[2])), ["app"])

    assert 1 == sum(path.startswith("blobs/") and size > 0 for path, size in engine.loaded[1].items()) - 1
    assert app.layers[2].blob.size in engine.loaded[1].values()


def test_a_layer_whose_lower_ones_differ_is_sent_again(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """A daemon finds a layer only above the same layers, so the top of a changed stack is fetched from it and sent."""
    store.save(_image(tmp_path, "old", "top"), ["app"])
    found = store.find("app")
    assert found is not None

    changed = dataclasses.replace(found.image, layers=(_image(tmp_path, "new").layers[0], found.image.layers[1]))
    store.save(changed, ["app"])

    assert 1 == engine.exports
    assert serialize(changed).image_id in engine.images


def test_all_layers_are_sent_when_one_is_gone_after_all(
    store: DaemonStore, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image deleted between our look and the load costs a second load, not the build."""
    image = _image(tmp_path, "one", "two")
    monkeypatch.setattr(store, "_layers_present", lambda *_: 2)

    saved = store.save(image, ["app"])

    assert [True, False] == [any(path.startswith("present/") for path in sizes) for sizes in engine.loaded]
    assert saved.image_id in engine.images


def test_layers_in_zstd_are_sent_uncompressed(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """Docker before version 23 does not know zstd; the image ID depends on the uncompressed layers alone."""
    saved = store.save(_image(tmp_path, "x", compression=Compression.ZSTD), ["app"])

    assert saved.image_id in engine.images


def test_a_containerd_store_is_sent_everything_and_keeps_the_digest(tmp_path: Path) -> None:
    """It keeps manifests, so the image has the digest it has in layouts and registries."""
    image = _image(tmp_path, "one", "two")
    in_layout = LayoutStore(tmp_path / "layout").save(image, ["app"])
    with fake_engine(tmp_path / "s", containerd=True) as engine:
        store = DaemonStore.from_environment({"DOCKER_HOST": engine.host})
        store.save(image, ["app"])
        saved = store.save(image, ["app"])

    assert dataclasses.replace(in_layout, references=saved.references) == saved
    assert all(layer.blob.size in engine.loaded[1].values() for layer in image.layers)


def test_layers_are_fetched_once(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """Finding an image fetches none; opening its layers exports it one time."""
    store.save(_image(tmp_path, "one", "two"), ["app"])
    found = store.find("app")
    assert found is not None
    before = engine.exports
    for layer in found.image.layers:
        layer.open_blob().close()

    assert (0, 1) == (before, engine.exports)


def test_a_layer_that_is_not_what_its_id_says_is_an_error(
    store: DaemonStore, engine: FakeEngine, tmp_path: Path
) -> None:
    """What a daemon gives is verified like any download."""
    image = _image(tmp_path, "one")
    store.save(image, ["app"])
    engine.layers[image.layers[0].diff_id] = make_tar(Entry("f", "other"))
    found = store.find("app")
    assert found is not None

    with pytest.raises(StoreCorruptError, match=image.layers[0].diff_id):
        found.image.layers[0].open_blob()


def test_an_image_is_found_by_its_id(store: DaemonStore, tmp_path: Path) -> None:
    """As the reference's analyzed.toml names images of a daemon."""
    saved = store.save(_image(tmp_path, "one"), ["app"])

    for text in (saved.image_id, saved.image_id.removeprefix("sha256:")):
        found = store.find(text)
        assert found is not None
        assert [str(saved.image_id)] * 2 == [found.reference, str(found.digest)]


def test_a_refusal_has_the_daemons_words(store: DaemonStore, engine: FakeEngine, tmp_path: Path) -> None:
    """A daemon answers 200 and tells of its failure in the stream."""
    engine.refusal = "no space left on device"

    with pytest.raises(DaemonRefusedError, match="no space left on device"):
        store.save(_image(tmp_path, "one"), ["app"])


@pytest.mark.parametrize("kind", ["absent", "no socket", "nobody listens"])
def test_a_daemon_that_does_not_answer_is_named(kind: str, tmp_path: Path) -> None:
    """The error names the socket and says what to do."""
    path = tmp_path / "s"
    if kind == "no socket":
        path.touch()
    if kind == "nobody listens":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))

    with pytest.raises(DaemonUnreachableError) as caught:
        DaemonStore.from_environment({"DOCKER_HOST": f"unix://{path}"})
    explanation = caught.value.explain()
    assert f"'unix://{path}'" in explanation.what
    assert explanation.why in {"No such file or directory", "Connection refused"}
    assert "DOCKER_HOST" in explanation.fix[0]


_AFTER_DROPPING = """
import os, sys
from pathlib import Path
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.model import Image, ImageConfig
host, directory = sys.argv[1:]
store = DaemonStore.from_environment({"DOCKER_HOST": host})
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
layer = BlobDirectory(Path(directory)).write_layer([b"x" * 100_000])
try:
    DaemonStore.from_environment({"DOCKER_HOST": host})
except Exception as error:
    print(error.explain().why)
for number in range(8):
    store.save(Image(config=ImageConfig(labels={"n": str(number)}), layers=(layer,)), ["app"])
found = store.find("app")
print(found.image.config.labels["n"], len(found.image.layers[0].open_blob().read()))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
def test_a_connection_outlives_the_privilege_to_open_one(engine: FakeEngine, tmp_path: Path) -> None:
    """A phase connects as root and goes on as the build user, whom the socket refuses."""
    for directory in (tmp_path, *tmp_path.parents):
        if directory.owner() == "root" and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o111)
    engine.socket.chmod(0o600)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs").chmod(0o777)

    done = subprocess.run(
        [sys.executable, "-c", _AFTER_DROPPING, engine.host, tmp_path / "blobs"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert not done.stderr, done.stderr
    assert "Permission denied\n7 100000\n" == done.stdout


@pytest.mark.parametrize(
    ("entries", "layers", "empty"),
    [
        ([("RUN x", 5), ("COPY y", 7)], 2, [False, False]),
        ([("/bin/sh -c #(nop) ADD file:1 in / ", 9), ('/bin/sh -c #(nop)  CMD ["bash"]', 0)], 1, [False, True]),
        ([("Buildpacks Process Types", 0), ("ENV A=1", 0), ("COPY y", 7)], 2, [False, True, False]),
        ([("one", 1), ("two", 2)], 1, None),
    ],
)
def test_history_tells_which_entries_made_layers(
    entries: list[tuple[str, int]], layers: int, empty: list[bool] | None
) -> None:
    """A daemon's history has sizes only; a history that fits the layers in no way is left out."""
    history = [{"CreatedBy": text, "Size": size, "Created": 315532801} for text, size in reversed(entries)]
    image = {"Architecture": "amd64", "Os": "linux", "RootFS": {"Layers": ["sha256:x"] * layers}}

    config, _ = described_config(image, history)

    assert (empty or []) == [entry.empty_layer for entry in config.history]
    assert [text for text, _ in entries if empty] == [entry.created_by for entry in config.history]
