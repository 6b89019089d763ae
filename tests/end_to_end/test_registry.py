"""The registry store against Debian's ``docker-registry``, with skopeo as the second opinion."""

from __future__ import annotations

import base64
import dataclasses
import json
import multiprocessing
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import RegistryDeniedError, RegistryTlsError, RegistryUnreachableError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig, Layer, sha256
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import Patience, RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from tests.support.docker_registry import DockerRegistry, make_authority, run_registry, tunnel_proxy
from tests.support.tars import Entry, make_tar

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(shutil.which("docker-registry") is None, reason="needs docker-registry"),
]

Start = Callable[..., DockerRegistry]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start registries that end with the test."""
    with run_registry(tmp_path / "registry") as starter:
        yield starter


def _store(**environ: str) -> RegistryStore:
    return RegistryStore(RegistrySettings(environ=environ), Keychain({"HOME": "/nonexistent", **environ}))


def _image(directory: Path, *, size: int = 100_000, **labels: str) -> Image:
    blobs = BlobDirectory(directory / "blobs")
    layers = tuple(blobs.write_layer([make_tar(Entry(name, name * size))]) for name in ("a", "b"))
    zstd = blobs.write_layer([make_tar(Entry("c", "c"))], Compression.ZSTD)
    return Image(config=ImageConfig(labels=labels, user="1000"), layers=(*layers, zstd))


def _skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_an_image_is_the_same_for_skopeo_and_the_layout(start: Start, tmp_path: Path) -> None:
    """Save, inspect and copy with another implementation, find again: one digest everywhere."""
    registry, image = start(), _image(tmp_path)
    reference = f"{registry.host}/team/app:1"

    saved = _store().save(image, [reference, f"{registry.host}/team/app:latest", f"{registry.host}/other/app"])

    layout = LayoutStore(tmp_path / "layout").save(image, ["app"])
    inspected = json.loads(_skopeo("inspect", "--tls-verify=false", f"docker://{reference}"))
    _skopeo("--insecure-policy", "copy", "--src-tls-verify=false", f"docker://{reference}", f"oci:{tmp_path}/copy:x")
    found = _store().find(reference)
    assert found is not None
    assert [layout.digest] * 3 == [saved.digest, inspected["Digest"], found.digest]
    assert {"1", "latest"} == set(inspected["RepoTags"])
    assert image.config == found.image.config
    for layer in found.image.layers:
        with layer.open_blob() as blob:
            assert layer.blob.digest == sha256(blob.read())


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_an_image_of_skopeo_in_docker_s_format_is_found(start: Start, tmp_path: Path) -> None:
    """Schema 2 media types are read; saved again, the image is OCI's throughout, with the same blobs."""
    registry = start()
    blobs = BlobDirectory(tmp_path / "blobs")
    layer = blobs.write_layer([make_tar(Entry("a", "a"))])
    LayoutStore(tmp_path / "layout").save(Image(config=ImageConfig(), layers=(layer,)), ["app"])
    name = f"{registry.host}/team/app:docker"
    copy = ["--insecure-policy", "copy", "--dest-tls-verify=false", "--format", "v2s2"]
    _skopeo(*copy, f"oci:{tmp_path}/layout:app", f"docker://{name}")

    found = _store().find(name)

    assert found is not None
    assert [layer.blob] == [one.blob for one in found.image.layers]
    again = _store().save(found.image, [f"{registry.host}/team/app:oci"])
    assert again.digest != found.digest


def test_a_second_push_uploads_nothing(start: Start, tmp_path: Path) -> None:
    """What the registry has is asked for and not sent; the tag stays."""
    registry, image = start(), _image(tmp_path)
    _store().save(image, [f"{registry.host}/team/app:1"])
    before = registry.requests()

    _store().save(image, [f"{registry.host}/team/app:1"])

    second = registry.requests()[len(before) :]
    assert {"POST", "PUT"} & {method for method, _ in before}
    assert {"HEAD", "GET"} >= {method for method, _ in second}
    assert len(second) <= 6


def test_layers_of_a_neighbour_are_mounted(start: Start, tmp_path: Path) -> None:
    """A rebase inside of a registry sends no layer: the registry makes links."""
    registry = start()
    _store().save(_image(tmp_path), [f"{registry.host}/base/run:1"])
    store = _store()
    base = store.find(f"{registry.host}/base/run:1")
    assert base is not None
    before = len(registry.requests())

    store.save(base.image, [f"{registry.host}/team/app:1"])

    after = registry.requests()[before:]
    assert 3 == len([path for method, path in after if method == "POST" and "mount=" in path])
    assert 0 == len([path for method, path in after if method == "GET" and "/blobs/" in path])


def test_an_image_goes_from_one_registry_to_another(start: Start, tmp_path: Path) -> None:
    """Layers stream through, verified, with no copy on disk."""
    one, other = start(), start()
    store = _store()
    saved = store.save(_image(tmp_path), [f"{one.host}/team/app:1"])
    found = store.find(f"{one.host}/team/app:1")
    assert found is not None

    copied = store.save(found.image, [f"{other.host}/team/app:1"])

    assert saved.digest == copied.digest


def test_large_blobs_go_in_chunks(start: Start, tmp_path: Path) -> None:
    """A blob over the limit is sent piece by piece, and is the same."""
    registry, image = start(), _image(tmp_path, size=300_000)
    random = BlobDirectory(tmp_path / "random").write_layer([os.urandom(3_000_000)])
    settings = RegistrySettings(chunked_from=1_000_000, chunk_size=700_000)
    store = RegistryStore(settings, Keychain({}))

    store.save(Image(config=image.config, layers=(random,)), [f"{registry.host}/team/app:1"])

    found = store.find(f"{registry.host}/team/app:1")
    assert found is not None
    with found.image.layers[0].open_blob() as blob:
        assert random.blob.digest == sha256(blob.read())
    assert 5 == len([method for method, _ in registry.requests() if method == "PATCH"])


def _push_many(host: str, directory: Path, name: str) -> None:
    for number in range(5):
        _store().save(_image(directory, number=str(number)), [f"{host}/team/app:{name}-{number}"])


def test_two_pushes_at_once(start: Start, tmp_path: Path) -> None:
    """Processes that push the same layers do not disturb each other."""
    registry = start()
    context = multiprocessing.get_context("fork")
    pushers = [
        context.Process(target=_push_many, args=(registry.host, tmp_path / name, name)) for name in ("one", "two")
    ]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        pusher.join()

    assert [0, 0] == [pusher.exitcode for pusher in pushers]
    assert all(
        _store().find(f"{registry.host}/team/app:{name}-{number}") for name in ("one", "two") for number in range(5)
    )


def test_a_killed_push_leaves_nothing_to_see(start: Start, tmp_path: Path) -> None:
    """The tag is the last to be written; pushed again, the image is whole."""
    registry, image = start(), _image(tmp_path)
    wait = multiprocessing.get_context("fork").Event()

    def push() -> None:
        first = image.layers[0]

        def slowly() -> BinaryIO:
            wait.set()
            time.sleep(60)
            return first.open_blob()

        slow = Layer(diff_id=first.diff_id, blob=first.blob, open_blob=slowly)
        _store().save(Image(config=image.config, layers=(slow, *image.layers[1:])), [f"{registry.host}/team/app:1"])

    pusher = multiprocessing.get_context("fork").Process(target=push)
    pusher.start()
    assert wait.wait(20)
    pusher.kill()
    pusher.join()

    assert _store().find(f"{registry.host}/team/app:1") is None
    _store().save(image, [f"{registry.host}/team/app:1"])
    assert _store().find(f"{registry.host}/team/app:1") is not None


@pytest.mark.parametrize("chunked_from", [1_000, 100_000_000], ids=["chunks", "whole"])
def test_a_push_survives_a_restart_of_the_registry(start: Start, tmp_path: Path, chunked_from: int) -> None:
    """While it is down connections are refused, and connections it had are broken."""
    registry = start()
    random = BlobDirectory(tmp_path / "random").write_layer([os.urandom(3_000_000)])
    opened: list[bool] = []

    def restart() -> BinaryIO:
        opened.append(True)
        if len(opened) == (3 if chunked_from < random.blob.size else 1):
            registry.restart()
        return random.open_blob()

    layer = Layer(diff_id=random.diff_id, blob=random.blob, open_blob=restart)
    store = RegistryStore(RegistrySettings(chunked_from=chunked_from, chunk_size=700_000), Keychain({}))

    saved = store.save(Image(config=ImageConfig(), layers=(layer,)), [f"{registry.host}/team/app:1"])

    found = _store().find(f"{registry.host}/team/app:1")
    assert found is not None
    assert saved.digest == found.digest
    with found.image.layers[0].open_blob() as blob:
        assert random.blob.digest == sha256(blob.read())
    assert len(opened) > 1


def test_passwords(start: Start, tmp_path: Path) -> None:
    """Basic authentication, from CNB_REGISTRY_AUTH and from Docker's configuration; without, told before a build."""
    registry = start(user=("alice", "s3cret"))
    basic = base64.b64encode(b"alice:s3cret").decode()
    name = f"{registry.host}/team/app:1"
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": basic}}}))
    by_variable = _store(CNB_REGISTRY_AUTH=json.dumps({registry.host: f"Basic {basic}"}))
    by_file = _store(DOCKER_CONFIG=str(tmp_path))

    by_variable.check_access(name, write=True)
    by_variable.save(_image(tmp_path), [name])

    assert by_file.find(name) is not None
    for write in (True, False):
        with pytest.raises(RegistryDeniedError, match=r"(?s)anonymous users.*CNB_REGISTRY_AUTH: not set.*config\.json"):
            _store().check_access(name, write=write)
    wrong = base64.b64encode(b"alice:wrong").decode()
    with pytest.raises(RegistryDeniedError, match="'alice'"):
        _store(CNB_REGISTRY_AUTH=json.dumps({registry.host: f"Basic {wrong}"})).find(name)


@pytest.mark.requirement("platform.exporter.insecure")
def test_a_certificate_of_an_authority_of_one_s_own(start: Start, tmp_path: Path) -> None:
    """Trusted through SSL_CERT_FILE or certs.d, refused without, and let pass when the registry is named insecure."""
    authority = make_authority(tmp_path / "tls")
    registry = start(tls=authority)
    name = f"{registry.host}/team/app:1"
    image = _image(tmp_path)
    directory = tmp_path / "certs.d" / registry.host
    directory.mkdir(parents=True)
    shutil.copy(authority.authority, directory / "ca.crt")

    _store(SSL_CERT_FILE=str(authority.authority)).save(image, [name])

    by_directory = RegistryStore(RegistrySettings(certificates=(tmp_path / "certs.d",)), Keychain({}))
    insecure = RegistryStore(RegistrySettings(insecure=frozenset({registry.host})), Keychain({}))
    assert by_directory.find(name) is not None
    assert insecure.find(name) is not None
    with pytest.raises(RegistryTlsError, match="certificate verify failed") as error:
        _store().find(name)
    assert "SSL_CERT_FILE" in " ".join(error.value.explain().fix)


def test_a_client_s_certificate(start: Start, tmp_path: Path) -> None:
    """Shown from certs.d; without, the registry refuses the connection."""
    authority = make_authority(tmp_path / "tls")
    registry = start(tls=dataclasses.replace(authority, asks_clients=True))
    directory = tmp_path / "certs.d" / registry.host
    directory.mkdir(parents=True)
    for source, name in (
        (authority.authority, "ca.crt"),
        (authority.certificate, "me.cert"),
        (authority.key, "me.key"),
    ):
        shutil.copy(source, directory / name)
    settings = RegistrySettings(certificates=(tmp_path / "certs.d",), patience=Patience(tries=1))
    name = f"{registry.host}/team/app:1"

    RegistryStore(settings, Keychain({})).save(_image(tmp_path), [name])

    (directory / "me.key").unlink()
    with pytest.raises(RegistryUnreachableError, match=r"no key of this certificate.*me\.key"):
        RegistryStore(settings, Keychain({})).find(name)
    (directory / "me.cert").unlink()
    with pytest.raises(RegistryTlsError, match="alert") as error:
        RegistryStore(settings, Keychain({})).find(name)
    assert "client.cert" in error.value.explain().fix[0]


def test_a_tunnel_through_a_proxy(start: Start, tmp_path: Path) -> None:
    """HTTPS_PROXY with a password; the proxy sees neither names of images nor credentials of the registry."""
    authority = make_authority(tmp_path / "tls")
    registry = start(tls=authority, user=("alice", "s3cret"))
    auth = json.dumps({"registry.test:5000": "Basic " + base64.b64encode(b"alice:s3cret").decode()})
    with tunnel_proxy(registry.host) as (proxy, heads):
        store = _store(
            SSL_CERT_FILE=str(authority.authority), HTTPS_PROXY=f"http://me:too@{proxy}", CNB_REGISTRY_AUTH=auth
        )

        store.save(_image(tmp_path), ["registry.test:5000/team/app:1"])

        assert store.find("registry.test:5000/team/app:1") is not None
    assert {"CONNECT registry.test:5000"} == {head.partition(" HTTP/")[0] for head in heads}
    assert all("bWU6dG9v" in head and "YWxpY2U6" not in head for head in heads)


def test_nobody_there(start: Start) -> None:
    """A registry that does not run is told as such."""
    registry = start()
    registry.stop()
    quick = RegistrySettings(patience=Patience(tries=2, sleep=lambda _: None))

    with pytest.raises(RegistryUnreachableError, match="refused"):
        RegistryStore(quick, Keychain({})).check_access(f"{registry.host}/team/app", write=True)
    with pytest.raises(RegistryUnreachableError, match="not known"):
        RegistryStore(quick, Keychain({})).find("registry.invalid/team/app")
