"""A uv project: locked, built, run; with the stack's Python and with one that uv installs from a mirror."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.offramp import Installation, copy_app, free_port, get, installation
from tests.support.python_mirror import python_mirror

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("flask")]


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service with the lock file that ``uv lock`` writes on this machine.

    It is not kept in the fixture, because it names the package index it was made from.
    """
    directory = copy_app("python_flask_uv", tmp_path_factory.mktemp("flask") / "app")
    # Any Python will do to resolve; the one that .python-version asks for need not be on this machine.
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([uv, "lock", "--quiet", "--python", sys.executable], cwd=directory, check=True)
    return directory


def test_builds_and_answers(offramp: Installation, app: Path) -> None:
    """The service answers on $PORT with the Python that .python-version asks for."""
    offramp.build(app, "clock")
    port = free_port()
    with offramp.running("clock", port=port):
        status, body = get(f"http://127.0.0.1:{port}/")

    assert status == 200
    assert json.loads(body)["python"].startswith("3.13.")


def test_rebuild_runs_no_package_manager(offramp: Installation, app: Path) -> None:
    """Unchanged, the dependencies come from the cache and every layer is reused."""
    offramp.build(app, "clock")
    done = offramp.run("build", app, "-t", "clock", "--progress", "json")

    assert "Using cached dependencies" in done.stderr
    assert all(layer["reused"] for layer in done.metadata()["layers"])


def test_development_dependencies_stay_out(offramp: Installation, app: Path) -> None:
    """Dependency groups are for development: the image has none of them."""
    offramp.build(app, "clock")
    done = offramp.run("run", "clock", "--", "python", "-c", "import iniconfig", code=None)

    assert done.code == 1
    assert "No module named 'iniconfig'" in done.stderr


def test_python_from_a_mirror(offramp: Installation, app: Path, tmp_path: Path) -> None:
    """A version the stack does not have comes from the mirror the user names, is cached, and runs the app."""
    other = copy_app("python_flask_uv", tmp_path / "app")
    (other / "uv.lock").write_bytes((app / "uv.lock").read_bytes())
    (other / ".python-version").write_text("3.11\n")
    with python_mirror() as index:
        first = offramp.run("build", other, "-t", "old-clock", "-e", f"UV_PYTHON_DOWNLOADS_JSON_URL={index}")
        assert "Installing Python 3.11." in first.stderr
        again = offramp.run("build", other, "-t", "old-clock", "-e", f"UV_PYTHON_DOWNLOADS_JSON_URL={index}")
        assert "Using cached Python 3.11." in again.stderr
    port = free_port()
    with offramp.running("old-clock", port=port):
        body = get(f"http://127.0.0.1:{port}/")[1]

    assert json.loads(body)["python"].startswith("3.11.")


def test_damaged_python_of_a_mirror_is_refused(offramp: Installation, app: Path, tmp_path: Path) -> None:
    """An archive whose digest is not the index's is not installed; the build says so."""
    other = copy_app("python_flask_uv", tmp_path / "app")
    (other / "uv.lock").write_bytes((app / "uv.lock").read_bytes())
    (other / ".python-version").write_text("3.11\n")
    with python_mirror(damaged=True) as index:
        done = offramp.run(
            "build", other, "-t", "never", "--no-cache", "-e", f"UV_PYTHON_DOWNLOADS_JSON_URL={index}", code=51
        )

    assert "hash mismatch" in done.stderr.lower()


def test_build_without_network_from_a_filled_cache(offramp: Installation, app: Path) -> None:
    """What is cached needs no network: ``--network none`` rebuilds the same image."""
    first = offramp.build(app, "clock")

    assert first["digest"] == offramp.build(app, "clock", "--network", "none")["digest"]
