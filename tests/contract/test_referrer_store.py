"""The contract of the ReferrerStore port: what is attached to an image is found by the image's digest."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import RegistryAnswerError, StoreCorruptError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Descriptor, Image, ImageConfig, MediaType, sha256
from lifecycle_py.oci.referrers import Artifact, ReferrerStore, fallback_tag
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.oci.store import ImageStore
from tests.support.registry import FakeRegistry, fake_registry

_REFERENCE = "example/app:1"
_SBOM = Artifact(media_type="application/spdx+json", data=b'{"spdx": 1}')
_PROVENANCE = Artifact(media_type="application/vnd.in-toto+json", data=b'{"slsa": 1}', annotations={"a": "b"})


class _Store(ImageStore, ReferrerStore, Protocol):
    """A store of images and of what is attached to them."""


def _registry_store(registry: FakeRegistry) -> RegistryStore:
    return RegistryStore(RegistrySettings(default_host=registry.host), Keychain({}))


@contextlib.contextmanager
def _registry(_: Path, *, referrers_api: bool) -> Iterator[_Store]:
    with fake_registry() as registry:
        registry.referrers_api = referrers_api
        yield _registry_store(registry)


STORES: dict[str, Callable[[Path], contextlib.AbstractContextManager[_Store]]] = {
    "layout": lambda directory: contextlib.nullcontext(LayoutStore(directory)),
    "registry": partial(_registry, referrers_api=True),
    "registry without the Referrers API": partial(_registry, referrers_api=False),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Store]:
    """Give an empty store."""
    with STORES[request.param](tmp_path / "store") as one:
        yield one


def _save(store: ImageStore, tmp_path: Path, content: bytes = b"tar") -> Descriptor:
    layer = BlobDirectory(tmp_path / "elsewhere").write_layer([content])
    saved = store.save(Image(config=ImageConfig(), layers=(layer,)), [_REFERENCE])
    return Descriptor(media_type=MediaType.MANIFEST, digest=saved.digest, size=saved.manifest_size)


def _found(store: ReferrerStore, subject: Descriptor) -> list[tuple[str, bytes]]:
    return [(one.artifact_type, one.read()) for one in store.attached(_REFERENCE, subject.digest)]


def test_nothing_is_attached_at_first(store: _Store, tmp_path: Path) -> None:
    """An image without attachments is the usual case, and no error."""
    subject = _save(store, tmp_path)

    assert () == store.attached(_REFERENCE, subject.digest)


def test_what_was_attached_is_found(store: _Store, tmp_path: Path) -> None:
    """Types, annotations and documents come back, sorted by type."""
    subject = _save(store, tmp_path)

    store.attach(_REFERENCE, subject, [_PROVENANCE, _SBOM])

    assert [(one.media_type, one.data) for one in (_SBOM, _PROVENANCE)] == _found(store, subject)
    assert [{}, {"a": "b"}] == [dict(one.annotations) for one in store.attached(_REFERENCE, subject.digest)]


def test_attaching_again_changes_nothing(store: _Store, tmp_path: Path) -> None:
    """The same document is the same referrer; another one of its type stands beside it."""
    subject = _save(store, tmp_path)
    store.attach(_REFERENCE, subject, [_SBOM])
    store.attach(_REFERENCE, subject, [_SBOM])
    store.attach(_REFERENCE, subject, [_PROVENANCE])

    assert [_SBOM.data, _PROVENANCE.data] == [data for _, data in _found(store, subject)]


def test_the_image_stays_as_it_is(store: _Store, tmp_path: Path) -> None:
    """Its name still leads to it, and another image has nothing of it."""
    subject = _save(store, tmp_path)
    store.attach(_REFERENCE, subject, [_SBOM])

    found = store.find(_REFERENCE)

    assert found is not None
    assert subject.digest == found.digest
    other = _save(store, tmp_path, b"other")
    assert [] == _found(store, other)
    assert [_SBOM.data] == [data for _, data in _found(store, subject)]


# What is particular to each.


def test_registry_without_the_api_has_an_index_under_a_tag(tmp_path: Path) -> None:
    """The referrers tag schema of the specification, for tools that know it."""
    with fake_registry() as registry:
        store = _registry_store(registry)
        subject = _save(store, tmp_path)

        store.attach(_REFERENCE, subject, [_SBOM])

        media_type, data = registry.manifests["example/app", fallback_tag(subject.digest)]
    (entry,) = json.loads(data)["manifests"]
    assert (MediaType.INDEX, f"sha256-{subject.digest[7:]}") == (media_type, fallback_tag(subject.digest))
    assert (_SBOM.media_type, MediaType.MANIFEST) == (entry["artifactType"], entry["mediaType"])


def test_registry_with_the_api_needs_no_tag(tmp_path: Path) -> None:
    """Its own list is enough."""
    with fake_registry() as registry:
        registry.referrers_api = True
        store = _registry_store(registry)
        subject = _save(store, tmp_path)

        store.attach(_REFERENCE, subject, [_SBOM])

        assert ("example/app", fallback_tag(subject.digest)) not in registry.manifests


@pytest.mark.parametrize("index", [{"manifests": [{}]}, {"manifests": [[]]}, {"manifests": 1}])
def test_registry_whose_list_makes_no_sense_is_told(tmp_path: Path, index: object) -> None:
    """An answer that cannot be read is an error that names the registry."""
    with fake_registry() as registry:
        store = _registry_store(registry)
        subject = _save(store, tmp_path)
        body = json.dumps(index).encode()
        registry.script("GET", "/referrers/", lambda handler: handler.reply(200, body))

        with pytest.raises(RegistryAnswerError, match="referrers"):
            store.attached(_REFERENCE, subject.digest)


def test_registry_that_gives_another_document_is_told(tmp_path: Path) -> None:
    """What is fetched has the digest it was asked by."""
    with fake_registry() as registry:
        store = _registry_store(registry)
        subject = _save(store, tmp_path)
        store.attach(_REFERENCE, subject, [_SBOM])
        (referrer,) = store.attached(_REFERENCE, subject.digest)
        registry.blobs["example/app", sha256(_SBOM.data)] = b"x" * len(_SBOM.data)

        with pytest.raises(RegistryAnswerError):
            referrer.read()


def test_layout_drops_what_is_attached_to_no_image(tmp_path: Path) -> None:
    """Referrers go with their image, and not before."""
    store = LayoutStore(tmp_path / "store")
    subject = _save(store, tmp_path)
    store.attach(_REFERENCE, subject, [_SBOM])

    store.remove_unreferenced()
    assert [_SBOM.data] == [data for _, data in _found(store, subject)]

    store.remove(_REFERENCE)
    store.remove_unreferenced()
    assert [] == json.loads((store.directory / "index.json").read_bytes())["manifests"]


def test_layout_with_attachments_still_holds_one_image(tmp_path: Path) -> None:
    """Attachments are no images when the only image of a layout is asked for."""
    store = LayoutStore(tmp_path / "store")
    subject = _save(store, tmp_path)
    store.attach(_REFERENCE, subject, [_SBOM])

    found = store.find_only()

    assert found is not None
    assert subject.digest == found.digest
    assert (_REFERENCE,) == store.references()


def test_layout_tells_a_damaged_document(tmp_path: Path) -> None:
    """It is not given as if it were the one attached."""
    store = LayoutStore(tmp_path / "store")
    subject = _save(store, tmp_path)
    store.attach(_REFERENCE, subject, [_SBOM])
    store.blobs.path(sha256(_SBOM.data)).write_bytes(b"other")

    with pytest.raises(StoreCorruptError):
        _found(store, subject)
