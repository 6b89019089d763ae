"""What tests of the phases against the specification share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lifecycles import Site, open_site
from tests.support.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Give a place to build in: an app, all fixture buildpacks, a run image, an empty store and cache."""
    return Workshop(tmp_path)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Give directories as a builder image has them, and a registry with a run image; one for a module's tests."""
    with open_site(api="0.15") as one:
        yield one
