"""Fixtures of the launcher's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.lifecycle_py.launcher.app_image import AppImage
from tests.unit.lifecycle_py.launcher.compiled import HERE, compile_with_sanitizers, host_launcher


@pytest.fixture
def image(tmp_path: Path) -> AppImage:
    """Return an app image without buildpacks and processes."""
    return AppImage(tmp_path / "image", host_launcher())


@pytest.fixture(scope="session")
def sanitized_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory for what gcc compiles, or skip where there is no gcc."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on this machine to compile the launcher with sanitizers")
    return tmp_path_factory.mktemp("sanitized")


@pytest.fixture(scope="session")
def sanitized_launcher(sanitized_dir: Path) -> Path:
    """Return the launcher, compiled with sanitizers."""
    return compile_with_sanitizers(sanitized_dir / "launcher")


@pytest.fixture(scope="session")
def toml_dump(sanitized_dir: Path) -> Path:
    """Return the filter around the launcher's TOML parser, compiled with sanitizers."""
    return compile_with_sanitizers(sanitized_dir / "toml_dump", HERE / "toml_dump.c", without="main.c")
