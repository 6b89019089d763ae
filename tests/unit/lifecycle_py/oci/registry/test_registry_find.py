"""Finding images: all forms of manifests, broken connections, registries that lie."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from lifecycle_py.oci.errors import PlatformMissingError, RegistryAnswerError, RegistryRefusedError, StoreError
from lifecycle_py.oci.model import Image, MediaType, sha256
from tests.support.registry import FakeRegistry, answer, cut_after, fail, fake_registry, reset, without_range
from tests.unit.lifecycle_py.oci.registry.conftest import MakeStore

_DOCKER = "application/vnd.docker"


def _put(registry: FakeRegistry, tag: str, *, docker: bool = False, arch: str = "amd64", data: bytes = b"layer") -> str:
    """Put an image in with one layer; give its manifest's digest."""
    config = {"os": "linux", "architecture": arch, "rootfs": {"type": "layers", "diff_ids": [sha256(b"tar")]}}
    config_type = f"{_DOCKER}.container.image.v1+json" if docker else MediaType.CONFIG.value
    layer_type = f"{_DOCKER}.image.rootfs.diff.tar.gzip" if docker else MediaType.LAYER_GZIP.value
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": f"{_DOCKER}.distribution.manifest.v2+json" if docker else MediaType.MANIFEST.value,
        "config": registry.put_blob("app", json.dumps(config).encode(), config_type),
        "layers": [registry.put_blob("app", data, layer_type)],
    }
    return registry.put_manifest("app", tag, manifest)


def _put_index(registry: FakeRegistry, tag: str, entries: list[tuple[str, str]], *, docker: bool = False) -> None:
    kind = "manifest.list.v2+json" if docker else ""
    manifests = [
        {
            "mediaType": MediaType.MANIFEST.value,
            "digest": digest,
            "size": 1,
            "platform": dict(zip(("os", "architecture"), platform.split("/"), strict=True)),
        }
        for digest, platform in entries
    ]
    media_type = f"{_DOCKER}.distribution.{kind}" if docker else MediaType.INDEX.value
    registry.put_manifest("app", tag, {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests})


@pytest.mark.parametrize("docker", [False, True])
def test_both_families_are_read(registry: FakeRegistry, make_store: MakeStore, *, docker: bool) -> None:
    """Layers have OCI's media types afterwards, since families are not mixed."""
    digest = _put(registry, "1", docker=docker)

    found = make_store().find(f"{registry.host}/app:1")

    assert found is not None
    assert (digest, f"{registry.host}/app:1@{digest}") == (found.digest, found.reference)
    assert [MediaType.LAYER_GZIP] == [layer.blob.media_type for layer in found.image.layers]
    assert [] == registry.asked("GET", sha256(b"layer"))


@pytest.mark.parametrize("docker", [False, True])
def test_the_image_of_this_platform_is_chosen(registry: FakeRegistry, make_store: MakeStore, *, docker: bool) -> None:
    """Attestations have no platform; the first that fits is it."""
    arm, amd = _put(registry, "a", arch="arm64"), _put(registry, "b", arch="amd64")
    _put_index(registry, "1", [(arm, "unknown/unknown"), (arm, "linux/arm64"), (amd, "linux/amd64")], docker=docker)

    found = {arch: make_store(architecture=arch).find(f"{registry.host}/app:1") for arch in ("amd64", "arm64")}

    assert {"amd64": amd, "arm64": arm} == {arch: one.digest for arch, one in found.items() if one}
    with pytest.raises(PlatformMissingError, match="not made for linux/s390x: it is made for linux/arm64, linux/amd64"):
        make_store(architecture="s390x").find(f"{registry.host}/app:1")


@pytest.mark.parametrize(
    "action",
    [fail(404, "MANIFEST_UNKNOWN"), fail(404, "NAME_UNKNOWN"), answer(404)],
    ids=["manifest", "repository", "bare"],
)
def test_absent_is_none(registry: FakeRegistry, make_store: MakeStore, action: Any) -> None:
    """Whether the tag or the repository is missing."""
    registry.script("GET", "manifests", action)

    assert None is make_store().find(f"{registry.host}/app:1")


def test_a_web_server_is_no_registry_without_images(registry: FakeRegistry, make_store: MakeStore) -> None:
    """Its "not found" says nothing about images."""
    registry.script("GET", "", answer(404, b"<html>", Content_Type="text/html"), times=9)

    with pytest.raises(RegistryRefusedError, match="404"):
        make_store().find(f"{registry.host}/app:1")


def test_a_broken_download_goes_on_where_it_broke(
    registry: FakeRegistry, make_store: MakeStore, delays: list[float]
) -> None:
    """Only what is missing is asked for; progress gives new patience."""
    data = bytes(range(256)) * 20_000
    _put(registry, "1", data=data)
    found = make_store().find(f"{registry.host}/app:1")
    assert found is not None
    registry.script("GET", "blobs", cut_after(2_000_000), times=2)
    registry.script("GET", "blobs", reset)

    with found.image.layers[0].open_blob() as blob:
        assert data == blob.read()

    ranges = [one.headers.get("Range") for one in registry.asked("GET", sha256(data))]
    assert [None, "bytes=2000000-", "bytes=4000000-", "bytes=4000000-"] == ranges
    assert [0.5, 0.5, 0.5] == delays


def test_a_registry_without_ranges(registry: FakeRegistry, make_store: MakeStore) -> None:
    """What is known already is read past."""
    data = bytes(range(256)) * 20_000
    _put(registry, "1", data=data)
    found = make_store().find(f"{registry.host}/app:1")
    assert found is not None
    registry.script("GET", "blobs", cut_after(3_000_000))
    registry.script("GET", "blobs", without_range)

    with found.image.layers[0].open_blob() as blob:
        assert data == blob.read()


def test_a_look_at_the_first_bytes_costs_no_request(registry: FakeRegistry, make_store: MakeStore) -> None:
    """Codecs are told by them, then reading starts anew."""
    _put(registry, "1")
    found = make_store().find(f"{registry.host}/app:1")
    assert found is not None

    with found.image.layers[0].open_blob() as blob:
        assert b"la" == blob.read(2)
        blob.seek(0)
        assert b"layer" == blob.read()

    assert 1 == len(registry.asked("GET", sha256(b"layer")))


@pytest.mark.parametrize("lie", [b"LAYER", b"lay", b""])
def test_a_blob_that_is_another_is_told(registry: FakeRegistry, make_store: MakeStore, lie: bytes) -> None:
    """Changed or short, its last bytes are not given."""
    _put(registry, "1")
    registry.blobs["app", sha256(b"layer")] = lie
    found = make_store().find(f"{registry.host}/app:1")
    assert found is not None

    with pytest.raises(RegistryAnswerError, match=sha256(b"layer")), found.image.layers[0].open_blob() as blob:
        blob.read()


def test_a_manifest_that_is_another_is_told(registry: FakeRegistry, make_store: MakeStore) -> None:
    """By the digest asked for, and by the one announced."""
    digest = _put(registry, "1")
    registry.manifests["app", digest] = (MediaType.MANIFEST.value, b"{}")
    with pytest.raises(RegistryAnswerError, match="its digest is"):
        make_store().find(f"{registry.host}/app@{digest}")

    registry.script("GET", "manifests", answer(200, b"{}", Docker_Content_Digest=digest))
    with pytest.raises(RegistryAnswerError, match="announced was"):
        make_store().find(f"{registry.host}/app:1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"7",
        b"[]",
        b"{}",
        b"\xff",
        b'{"mediaType": "application/vnd.oci.image.index.v1+json"}',
        b'{"mediaType": "application/vnd.oci.image.manifest.v1+json"}',
        b'{"mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {"mediaType": "x"}, "layers": 1}',
        b'{"schemaVersion": 1, "fsLayers": []}',
    ],
)
def test_a_manifest_that_is_none_is_told(registry: FakeRegistry, make_store: MakeStore, data: bytes) -> None:
    """Nonsense with the right digest."""
    registry.manifests["app", "1"] = ("application/json", data)

    with pytest.raises(RegistryAnswerError, match="app"):
        make_store().find(f"{registry.host}/app:1")


def test_an_answer_without_end_is_not_read(registry: FakeRegistry, make_store: MakeStore) -> None:
    """Four megabytes are the most a manifest has."""
    registry.manifests["app", "1"] = (MediaType.MANIFEST.value, b" " * (5 << 20))

    with pytest.raises(RegistryAnswerError, match="longer than"):
        make_store().find(f"{registry.host}/app:1")


def test_mirrors_are_asked_first(registry: FakeRegistry, make_store: MakeStore) -> None:
    """One that fails or has it not is passed over; a layer it loses comes from home."""
    with fake_registry() as mirror, fake_registry() as broken:
        for one in (registry, mirror):
            _put(one, "1")
        broken.script("GET", "manifests", fail(403, "DENIED"), times=9)
        store = make_store(mirrors={registry.host: (broken.host, mirror.host)})

        found = store.find(f"{registry.host}/app:1")

        assert found is not None
        assert [] == registry.seen
        mirror.blobs.clear()
        with found.image.layers[0].open_blob() as blob:
            assert b"layer" == blob.read()
        assert f"{registry.host}/app:1@{found.digest}" == found.reference


def test_redirects_take_no_authorization_along(registry: FakeRegistry, make_store: MakeStore) -> None:
    """Blobs live elsewhere, with signed URLs."""
    _put(registry, "1")
    registry.auth = "basic"
    environ = {"CNB_REGISTRY_AUTH": json.dumps({registry.host: "Basic YWxpY2U6czNjcmV0"})}
    with fake_registry() as elsewhere:
        elsewhere.blobs["app", sha256(b"layer")] = b"layer"
        found = make_store(environ=environ).find(f"{registry.host}/app:1")
        assert found is not None
        target = f"http://{elsewhere.host}/v2/app/blobs/{sha256(b'layer')}?signature=secret"
        registry.script("GET", sha256(b"layer"), answer(307, Location=target))

        with found.image.layers[0].open_blob() as blob:
            assert b"layer" == blob.read()

        assert "Authorization" in registry.seen[-1].headers
        assert ["signature" in one.query and "Authorization" not in one.headers for one in elsewhere.seen] == [True]


def test_redirects_have_an_end(registry: FakeRegistry, make_store: MakeStore) -> None:
    """A circle is told."""
    registry.script("GET", "manifests", answer(302, Location="/v2/app/manifests/1"), times=99)

    with pytest.raises(RegistryAnswerError, match="without end"):
        make_store().find(f"{registry.host}/app:1")


def test_an_image_saved_under_a_digest_is_refused(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """A digest is given by the contents."""
    with pytest.raises(StoreError, match="under a tag"):
        make_store().save(image, [f"{registry.host}/app@{sha256(b'')}"])


def test_a_store_costs_nothing_before_it_is_used() -> None:
    """The library for HTTP is imported with the first connection."""
    lines = [
        "import sys",
        "from lifecycle_py.oci.registry_store import RegistryStore",
        "RegistryStore.from_environment()",
        "sys.exit('urllib3' in sys.modules)",
    ]

    assert 0 == subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False).returncode
