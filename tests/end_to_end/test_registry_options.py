"""What a user says about registries on the command line and in the environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from tests.support.docker_registry import make_authority, run_registry
from tests.support.offramp import Installation, installation

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """Give a registry whose certificate nobody trusts, with an image 'team/app' in it."""
    with run_registry(tmp_path / "registry") as start:
        registry = start(tls=make_authority(tmp_path / "tls"))
        layer = LayoutStore(tmp_path / "store").blobs.write_layer([bytes(1024)])
        settings = RegistrySettings(insecure=frozenset({registry.host}))
        image = Image(config=ImageConfig(labels={"io.example": "here"}), layers=(layer,))
        RegistryStore(settings, Keychain({})).save(image, [f"{registry.host}/team/app"])
        yield registry.host


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


def test_registry_is_trusted_on_request_only(offramp: Installation, host: str) -> None:
    """A certificate nobody trusts is an error, unless the user names the registry."""
    refused = offramp.run("inspect", f"docker://{host}/team/app", code=1)
    told = offramp.run("inspect", f"docker://{host}/team/app", "--json", "--insecure-registry", host)

    assert "certificate" in refused.stderr
    assert 1 == len(json.loads(told.stdout)["layers"])


def test_mirror_is_asked_in_place_of_the_registry(offramp: Installation, host: str) -> None:
    """An image of a registry out of reach is read from its mirror, under its own name."""
    away = Installation(offramp.places, {"OFFRAMP_REGISTRY_MIRRORS": f"registry.invalid={host}"})
    told = away.run("inspect", "docker://registry.invalid/team/app", "--json", "--insecure-registry", host)

    assert json.loads(told.stdout)["reference"].startswith("registry.invalid/team/app:latest@sha256:")


def test_insecure_registry_that_is_no_host_is_refused(offramp: Installation) -> None:
    """A scheme would make the option match nothing."""
    done = offramp.run("inspect", "docker://example.com/x", "--insecure-registry", "https://example.com", code=2)

    assert "--insecure-registry cannot be 'https://example.com'" in done.stderr
