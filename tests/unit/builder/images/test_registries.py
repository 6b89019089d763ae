"""What users say about registries."""

from __future__ import annotations

import pytest

from builder.errors import RegistryHostError
from builder.images.registries import open_registries, read_mirrors


def test_mirrors_keep_their_order() -> None:
    """A registry may have several, each asked after the one before."""
    read = read_mirrors("docker.io=a.example.com, Docker.io=b.example.com:5000,ghcr.io=a.example.com")

    assert {"docker.io": ("a.example.com", "b.example.com:5000"), "ghcr.io": ("a.example.com",)} == read


@pytest.mark.parametrize("text", ["docker.io", "docker.io=", "=x", "docker.io=https://x", "docker.io=x/y"])
def test_a_mirror_of_another_form_is_refused(text: str) -> None:
    """The error quotes it."""
    with pytest.raises(RegistryHostError, match=text):
        read_mirrors(text)


@pytest.mark.parametrize("text", ["", "http://x", "x/y", "x y"])
def test_an_insecure_registry_is_a_host(text: str) -> None:
    """A scheme or path would never match a registry, and silently trust nobody."""
    with pytest.raises(RegistryHostError, match="--insecure-registry"):
        open_registries([text])


def test_settings_reach_the_store() -> None:
    """Hosts are compared in lower case."""
    store = open_registries(["REG.example.com:5000"], {"OFFRAMP_REGISTRY_MIRRORS": "docker.io=m.example.com"})

    assert frozenset({"reg.example.com:5000"}) == store._settings.insecure
    assert {"docker.io": ("m.example.com",)} == store._settings.mirrors
