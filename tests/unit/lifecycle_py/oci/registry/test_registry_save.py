"""Saving images: what is sent and what is not, and registries that fail meanwhile."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest

from lifecycle_py.oci.errors import (
    BlobCorruptError,
    RegistryAnswerError,
    RegistryDeniedError,
    RegistryRefusedError,
    RegistryUnreachableError,
)
from lifecycle_py.oci.model import Image, sha256
from tests.support.registry import Action, FakeRegistry, answer, fail, fake_registry, reset, reset_after
from tests.unit.lifecycle_py.oci.registry.conftest import MakeStore

_ALICE = "Basic YWxpY2U6czNjcmV0"


def _is_whole(registry: FakeRegistry, image: Image, name: str = "app", tag: str = "1") -> bool:
    layers = [layer.blob.digest for layer in image.layers]
    manifest = json.loads(registry.manifests[name, tag][1])
    digests = [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    assert layers == digests[1:]
    return all(sha256(registry.blobs[name, digest]) == digest for digest in digests)


def test_the_manifest_comes_after_its_blobs_and_tags_last(
    registry: FakeRegistry, make_store: MakeStore, image: Image
) -> None:
    """Nobody sees an image that is not whole; several names change at the end, together."""
    saved = make_store().save(image, [f"{registry.host}/{name}" for name in ("app:1", "app:2", "other:1")])

    puts = [one.path.partition("?")[0].rpartition("/")[2] for one in registry.asked("PUT")]
    assert [saved.digest, saved.digest, "1", "2", "1"] == [put for put in puts if len(put) != 32]
    assert all(len(put) == 32 for put in puts[:6])
    assert _is_whole(registry, image)
    assert _is_whole(registry, image, "other")


def test_a_blob_goes_in_two_requests(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """After a HEAD, a POST and a PUT with all of it; the Location's state is kept as it was given."""
    make_store().save(image, [f"{registry.host}/app:1"])

    assert (3, 4, 0) == (len(registry.asked("POST")), len(registry.asked("PUT")), len(registry.asked("PATCH")))
    assert {"0=="} == {one.query["_state"] for one in registry.asked("PUT", "uploads")}


def test_what_is_there_is_not_sent(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """Saving again only asks."""
    make_store().save(image, [f"{registry.host}/app:1"])
    registry.seen.clear()

    make_store().save(image, [f"{registry.host}/app:1"])

    assert {"HEAD", "GET"} == {one.method for one in registry.seen}
    assert 5 == len(registry.seen)


def test_layers_brought_ahead_are_there_before_saving(
    registry: FakeRegistry, make_store: MakeStore, image: Image
) -> None:
    """While one layer is sent the next is made; saving then sends only the configuration."""
    store = make_store()
    with store.ahead([f"{registry.host}/app:1"]) as bring:
        for layer in image.layers:
            bring(layer)
    assert not registry.manifests
    assert {layer.blob.digest for layer in image.layers} == {digest for _, digest in registry.blobs}
    registry.seen.clear()

    store.save(image, [f"{registry.host}/app:1"])

    assert 1 == len(registry.asked("POST"))
    assert _is_whole(registry, image)


def test_what_fails_ahead_is_saved_all_the_same(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """An upload that is refused while other layers are made is nobody's failure yet."""
    store = make_store()
    registry.script("POST", "uploads", fail(403, "DENIED"))
    with store.ahead([f"{registry.host}/app:1"]) as bring:
        for layer in image.layers:
            bring(layer)

    store.save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)


def test_a_blob_of_another_size_is_sent_again(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """A registry that kept half of it is mended."""
    make_store().save(image, [f"{registry.host}/app:1"])
    registry.blobs["app", image.layers[0].blob.digest] = b"half"

    make_store().save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)


def test_layers_of_a_neighbour_are_mounted(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """No byte of them is read or sent."""
    store = make_store()
    store.save(image, [f"{registry.host}/base:1"])
    found = store.find(f"{registry.host}/base:1")
    assert found is not None
    registry.seen.clear()

    store.save(found.image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    assert {"base"} == {one.query["from"] for one in registry.asked("POST") if "mount" in one.query}
    assert [] == registry.asked("GET", "blobs")
    assert 1 == len(registry.asked("PUT", "uploads"))


@pytest.mark.parametrize("status", [202, 400, 404, 405])
def test_a_mount_that_is_refused_becomes_an_upload(
    registry: FakeRegistry, make_store: MakeStore, image: Image, status: int
) -> None:
    """Whether it answers with an upload or an error."""
    store = make_store()
    store.save(image, [f"{registry.host}/base:1"])
    found = store.find(f"{registry.host}/base:1")
    assert found is not None
    refuse: Action = fail(status, "UNSUPPORTED")
    if status == 202:
        registry.uploads["open"], registry.uploads["other"] = bytearray(), bytearray()
        registry.script("POST", "mount", answer(202, Location="/v2/app/blobs/uploads/open"))
        refuse = answer(202, Location="/v2/app/blobs/uploads/other")
    registry.script("POST", "mount", refuse, times=2)

    store.save(found.image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)


def test_layers_of_another_registry_are_streamed(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """Nothing is mounted across registries."""
    with fake_registry() as other:
        make_store().save(image, [f"{other.host}/base:1"])
        found = make_store().find(f"{other.host}/base:1")
        assert found is not None

        make_store().save(found.image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    assert [] == [one for one in registry.seen if "mount" in one.query]


@pytest.mark.parametrize(
    "trouble",
    [
        ("HEAD", "blobs", answer(503)),
        ("POST", "uploads", fail(429, "TOOMANYREQUESTS")),
        ("POST", "uploads", reset),
        ("PUT", "uploads", answer(500)),
        ("PUT", "uploads", reset_after(1000)),
        ("PUT", "uploads", fail(404, "BLOB_UPLOAD_UNKNOWN")),
        ("PUT", "manifests", answer(502)),
        ("PUT", "manifests", reset),
    ],
)
def test_a_failure_that_passes(
    registry: FakeRegistry,
    make_store: MakeStore,
    image: Image,
    delays: list[float],
    trouble: tuple[str, str, Action],
) -> None:
    """It is tried again, from the start of what is sent."""
    registry.script(*trouble)
    make_store().save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    assert delays


def test_a_large_blob_goes_in_chunks(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """Of the size set, or the least the registry takes."""
    size = image.layers[0].blob.size

    make_store(chunked_from=1000, chunk_size=size // 2).save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    ranges = [one.headers["Content-Range"] for one in registry.asked("PATCH")]
    assert f"0-{size // 2 - 1}" in ranges


@pytest.mark.parametrize("action", [reset_after(3000), answer(503), answer(416)])
def test_a_broken_chunk_goes_on_where_the_registry_is(
    registry: FakeRegistry, make_store: MakeStore, image: Image, action: Action
) -> None:
    """It is asked how far it came."""
    registry.script("PATCH", "", action, times=2)

    make_store(chunked_from=1000, chunk_size=4000, workers=1).save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    assert registry.asked("GET", "uploads")


def test_a_blob_that_is_lost_before_the_manifest_comes(
    registry: FakeRegistry, make_store: MakeStore, image: Image, delays: list[float]
) -> None:
    """Cleaned up, or another push's at the same moment: it is brought again."""
    refuse = fail(400, "MANIFEST_BLOB_UNKNOWN")

    def lose(handler: Any) -> None:
        del registry.blobs["app", image.layers[0].blob.digest]
        refuse(handler)

    registry.script("PUT", "manifests", lose)

    make_store().save(image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    assert [0.5] == delays


def test_patience_ends(registry: FakeRegistry, make_store: MakeStore, image: Image, delays: list[float]) -> None:
    """The registry's own words are told, and nothing can be seen of the image."""
    registry.script("POST", "uploads", fail(503, "UNAVAILABLE", "back soon"), times=999)

    with pytest.raises(RegistryRefusedError, match="503 to POST /v2/app/blobs/uploads/: UNAVAILABLE back soon"):
        make_store(tries=4, workers=1).save(image, [f"{registry.host}/app:1"])

    assert ("app", "1") not in registry.manifests
    assert [0.5, 1.0, 2.0] == delays[:3]


def test_the_registry_says_how_long_to_wait(
    registry: FakeRegistry, make_store: MakeStore, image: Image, delays: list[float]
) -> None:
    """Within reason."""
    registry.script("PUT", "manifests", fail(429, "TOOMANYREQUESTS", Retry_After="7"))
    make_store().save(image, [f"{registry.host}/app:1"])
    assert [7] == delays

    registry.script("HEAD", "manifests", fail(429, "TOOMANYREQUESTS", Retry_After="100000"))
    with pytest.raises(RegistryRefusedError, match="asks to wait 100000 s"):
        make_store().check_access(f"{registry.host}/app:1", write=False)


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_credentials_open_a_registry(registry: FakeRegistry, make_store: MakeStore, image: Image, auth: str) -> None:
    """One token serves all uploads, with a right for the source of a mount."""
    registry.auth = auth
    store = make_store(environ={"CNB_REGISTRY_AUTH": json.dumps({registry.host: _ALICE})})

    store.save(image, [f"{registry.host}/base:1"])
    found = store.find(f"{registry.host}/base:1")
    assert found is not None
    store.save(found.image, [f"{registry.host}/app:1"])

    assert _is_whole(registry, image)
    scopes = set(registry.tokens.values())
    wanted = {("repository:base:pull",), ("repository:app:pull,push", "repository:base:pull")}
    assert auth == "basic" or wanted <= scopes
    assert len(registry.tokens) <= 6


def test_a_token_that_ends_is_renewed(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """Whether it says so itself or the registry does."""
    registry.auth = "token"
    store = make_store(environ={"CNB_REGISTRY_AUTH": json.dumps({registry.host: "X-Identity identity"})})
    store.save(image, [f"{registry.host}/app:1"])
    registry.tokens.clear()

    store.save(dataclasses.replace(image, annotations={"a": "b"}), [f"{registry.host}/app:1"])

    assert registry.tokens


def test_access_is_checked_by_trying(registry: FakeRegistry, make_store: MakeStore) -> None:
    """An upload is started and given up; without credentials the places looked at are told."""
    make_store().check_access(f"{registry.host}/app", write=True)
    assert {} == registry.uploads

    registry.auth = "token"
    make_store().check_access(f"{registry.host}/app", write=False)
    with pytest.raises(
        RegistryDeniedError, match=r"(?s)anonymous users write to 'app': .*UNAUTHORIZED.*not set"
    ) as error:
        make_store().check_access(f"{registry.host}/app", write=True)
    assert "docker login" in error.value.explain().fix[0]
    wrong = json.dumps({registry.host: "Basic YWxpY2U6d3Jvbmc="})
    with pytest.raises(RegistryDeniedError, match="'alice' get a token"):
        make_store(environ={"CNB_REGISTRY_AUTH": wrong}).check_access(f"{registry.host}/app", write=True)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (fail(404, "NAME_UNKNOWN", "no such project"), "Create the repository first"),
        (fail(403, "DENIED", "quota exceeded"), "quota"),
        (answer(413, b"<html>", Content_Type="text/html"), "proxy in front"),
        (fail(405, "UNSUPPORTED"), "read-only"),
    ],
)
def test_what_a_registry_refuses_gets_advice(
    registry: FakeRegistry, make_store: MakeStore, image: Image, action: Action, words: str
) -> None:
    """By its own codes."""
    registry.script("POST", "uploads", action, times=9)

    with pytest.raises(RegistryRefusedError) as error:
        make_store().save(image, [f"{registry.host}/app:1"])

    assert words in " ".join(error.value.explain().fix)


def test_a_registry_that_stores_something_else_is_told(
    registry: FakeRegistry, make_store: MakeStore, image: Image
) -> None:
    """By the digest it answers with."""
    registry.script("PUT", "manifests", answer(201, Docker_Content_Digest=sha256(b"other")))

    with pytest.raises(RegistryAnswerError, match="it was stored as"):
        make_store().save(image, [f"{registry.host}/app:1"])


def test_a_layer_that_is_not_its_digest_is_told(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """Cut on disk, it is not sent; changed, the registry refuses it; nothing can be seen of the image."""
    first = image.layers[0]
    assert first.file is not None
    data = first.file.read_bytes()
    first.file.write_bytes(data[:-1] + b"!")
    with pytest.raises(RegistryRefusedError, match="DIGEST_INVALID"):
        make_store().save(image, [f"{registry.host}/app:1"])
    first.file.write_bytes(data[:-1])
    with pytest.raises(BlobCorruptError):
        make_store().save(image, [f"{registry.host}/app:1"])

    assert ("app", "1") not in registry.manifests


def test_a_location_elsewhere_gets_no_authorization(
    registry: FakeRegistry, make_store: MakeStore, image: Image
) -> None:
    """Some registries have uploads signed for another host."""
    registry.auth = "basic"
    store = make_store(environ={"CNB_REGISTRY_AUTH": json.dumps({registry.host: _ALICE})}, workers=1)
    with fake_registry() as elsewhere:
        for layer in image.layers:
            elsewhere.uploads[layer.blob.digest[-9:]] = bytearray()
            location = f"http://{elsewhere.host}/v2/app/blobs/uploads/{layer.blob.digest[-9:]}?signed"
            registry.script("POST", "uploads", answer(202, Location=location))

        store.save(dataclasses.replace(image, layers=image.layers[:1]), [f"{registry.host}/app:1"])

        assert len(elsewhere.seen) == 2
        assert all("Authorization" not in one.headers for one in elsewhere.seen)


def test_a_connection_that_always_breaks_is_told(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """After all tries."""
    registry.script("PUT", "manifests", reset, times=99)

    with pytest.raises(RegistryUnreachableError, match="the connection broke"):
        make_store().save(image, [f"{registry.host}/app:1"])


@pytest.mark.parametrize("seed", range(6))
def test_a_registry_that_fails_at_random(
    registry: FakeRegistry, make_store: MakeStore, image: Image, seed: int
) -> None:
    """A third of all requests fails in one way or another; at the end the image is whole."""
    dice = random.Random(seed)  # noqa: S311
    failures = [answer(429, Retry_After="1"), answer(500), answer(503), reset, reset_after(500)]

    def maybe(handler: Any) -> None:
        dice.choice([*failures, *[type(handler).serve] * 10])(handler)

    registry.script(".*", "", maybe, times=10_000)

    store = make_store(tries=12, chunked_from=10_000, chunk_size=5_000)
    saved = store.save(image, [f"{registry.host}/app:1", f"{registry.host}/other:1"])
    found = store.find(f"{registry.host}/other:1")

    assert found is not None
    assert saved.digest == found.digest
    assert _is_whole(registry, image)
    assert _is_whole(registry, image, "other")


def test_requests_go_through_a_proxy(registry: FakeRegistry, make_store: MakeStore, image: Image) -> None:
    """With its password; the name is not looked up here."""
    proxy = f"http://user:pass@{registry.host}"
    store = make_store(environ={"http_proxy": proxy}, insecure=frozenset({"registry.invalid"}), tries=1)

    store.save(image, ["registry.invalid/app:1"])

    assert _is_whole(registry, image)
    assert {"Basic dXNlcjpwYXNz"} == {one.headers.get("Proxy-Authorization") for one in registry.seen}
    assert all(one.path.startswith("http://registry.invalid/v2/") for one in registry.seen)
