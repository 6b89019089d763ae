"""Fixtures of the explanations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Give a place to build in: an app, all fixture buildpacks, a run image, an empty store and cache."""
    return Workshop(tmp_path)
