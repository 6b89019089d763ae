"""A registry in this process, and a store that does not wait."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import Patience, RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from tests.support.registry import FakeRegistry, fake_registry

MakeStore = Callable[..., RegistryStore]


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """Run an empty registry that asks for no password."""
    with fake_registry() as one:
        yield one


@pytest.fixture
def delays() -> list[float]:
    """Collect what was waited, in seconds."""
    return []


@pytest.fixture
def make_store(delays: list[float]) -> MakeStore:
    """Make stores that note their delays instead of waiting; variables are given as ``environ``."""

    def make(*, environ: dict[str, str] | None = None, tries: int = 3, **settings: Any) -> RegistryStore:
        variables = {"HOME": "/nonexistent", **(environ or {})}
        patience = Patience(tries=tries, sleep=delays.append, random=lambda: 0.5)
        defaults = RegistrySettings(environ=variables, patience=patience, architecture="amd64")
        return RegistryStore(dataclasses.replace(defaults, **settings), Keychain(variables))

    return make


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """Give an image of two layers, one of 5000 and one of 3 bytes, and more when compressed."""
    blobs = BlobDirectory(tmp_path / "blobs")
    layers = tuple(blobs.write_layer([bytes(range(256)) * 20_000, data]) for data in (b"one", b"two"))
    return Image(config=ImageConfig(user="1000"), layers=layers)
