"""Builds that end badly: killed, interrupted, without space. The next build must find everything in order."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layout_store import LayoutStore
from tests.support.offramp import APPS, Installation, copy_app, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("interrupted")]

_MARK = "offramp-test-sleeper"


@pytest.fixture
def offramp() -> Iterator[Installation]:
    """An installation that has built the slow app's healthy sister once, so that there is a cache to lose."""
    with installation() as one:
        yield one


@pytest.fixture
def slow_app(tmp_path: Path) -> Path:
    """The shop, whose collectstatic never ends while ``SLOW`` is set."""
    app = copy_app("python_django", tmp_path / "app")
    settings = app / "shop" / "settings.py"
    lines = ["import os, subprocess, sys", "if os.environ.get('SLOW') and 'collectstatic' in sys.argv:"]
    lines += [f"    subprocess.run(['bash', '-c', 'trap : TERM INT; exec -a {_MARK} sleep 600'])", ""]
    settings.write_text("\n".join(lines) + settings.read_text())
    return app


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_killed_build(kill: signal.Signals, offramp: Installation, slow_app: Path) -> None:
    """Killed in the middle: no process and no image are left, the old image stays, the next build is fast and right."""
    before = offramp.build(slow_app, "shop")
    process = offramp.start("build", slow_app, "-t", "shop", "-e", "SLOW=1")
    _wait_for(_sleepers)
    process.send_signal(kill)
    code = process.wait(timeout=30)

    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[kill]
    _wait_for(lambda: not _sleepers())
    assert offramp.image("shop").digest == before["digest"]
    again = offramp.run("build", slow_app, "-t", "shop", "--progress", "json")
    assert "Using cached dependencies" in again.stderr
    assert again.metadata()["digest"] == before["digest"]
    assert list(offramp.places.work.glob("work-*")) == []
    assert list((offramp.places.images / "blobs").glob(".partial-*")) == []


def test_two_builds_at_once(offramp: Installation) -> None:
    """Two builds of one app at the same time both succeed and agree."""
    processes = [offramp.start("build", APPS / "python_django", "-t", "shop") for _ in range(2)]

    assert [process.wait(timeout=120) for process in processes] == [0, 0], offramp.logs()
    digest = offramp.image("shop").digest
    assert offramp.build("python_django", "shop")["digest"] == digest


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk(offramp: Installation, tmp_path: Path) -> None:
    """A disk that fills up during the export is named; no image is written, and the cache serves the next build."""
    before = offramp.build("python_django", "shop")
    small = offramp.places.cache / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], check=True)
    try:
        app = copy_app("python_django", tmp_path / "app")
        layout = small / "layout"
        done = offramp.run("build", app, "-t", "shop", "-o", f"oci:{layout}", code=1)

        assert "disk is full" in done.stderr or "No space left on device" in done.stderr
        assert LayoutStore(layout).find("shop:latest") is None
        assert list(layout.rglob(".partial-*")) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    again = offramp.run("build", APPS / "python_django", "-t", "shop", "--progress", "json")
    assert "Using cached dependencies" in again.stderr
    assert again.metadata()["digest"] == before["digest"]


def test_read_only_store_is_told_before_the_build(offramp: Installation, tmp_path: Path) -> None:
    """A place that cannot be written is named before anything is built."""
    target = tmp_path / "file"
    target.write_text("")
    done = offramp.run("build", APPS / "python_django", "-t", "shop", "-o", f"oci:{target}/layout", code=1)

    assert "Cannot use the image store" in done.stderr
    assert "Building" not in done.stderr


def test_deleted_caches_are_no_error(offramp: Installation) -> None:
    """Whoever deletes the whole cache gets a slower build and the same image."""
    before = offramp.build("python_django", "shop")
    for name in ("apps", "trees", "buildpacks", "work"):
        shutil.rmtree(offramp.places.cache / name)

    assert offramp.build("python_django", "shop")["digest"] == before["digest"]


def _sleepers() -> list[str]:
    return subprocess.run(["pgrep", "-f", _MARK], capture_output=True, text=True, check=False).stdout.split()


def _wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
