"""An installation of Offramp with places of its own, driven through its command line as a user would."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.places import Places, default_places
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage
from tests.support.stack import debian_13

REPOSITORY = Path(__file__).parents[2]
APPS = REPOSITORY / "fixtures" / "apps"
_PATIENCE = 60.0
_GRACE = 30.0  # seconds; what Kubernetes gives a container


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str

    def metadata(self) -> dict[str, Any]:
        """Give the event that summarises a build run with ``--progress json``."""
        events = [json.loads(line) for line in self.stderr.splitlines()]
        return next(event for event in reversed(events) if "digest" in event and "layers" in event)


@dataclass(frozen=True, slots=True)
class Installation:
    """Offramp with its own data and cache, but sharing the default stack, which is slow to make."""

    places: Places
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment commands run in."""
        own = {"OFFRAMP_DATA": str(self.places.data), "OFFRAMP_CACHE": str(self.places.cache), "NO_COLOR": "1"}
        return {**os.environ, **own, **self.env}

    def run(self, *arguments: str | Path, code: int | None = 0) -> Finished:
        """Run ``offramp`` to its end; unless ``code`` is None, insist on it."""
        done = subprocess.run(
            [sys.executable, "-m", "builder.cli", *map(str, arguments)],
            cwd=REPOSITORY,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert code in {None, done.returncode}, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return Finished(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start ``offramp`` and leave it running; its output goes to a file beside the caches."""
        with (self.places.cache / f"log-{time.monotonic_ns()}").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "builder.cli", *map(str, arguments)],
                cwd=REPOSITORY,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                stdin=subprocess.DEVNULL,
            )

    def logs(self) -> str:
        """Give what started commands have printed so far."""
        return "".join(log.read_text() for log in sorted(self.places.cache.glob("log-*")))

    def build(self, app: str | Path, name: str, *options: str | Path) -> dict[str, Any]:
        """Build an app of the fixtures, or of a path, and give the build's summary."""
        path = app if isinstance(app, Path) else APPS / app
        return self.run("build", path, "-t", name, "--progress", "json", *options).metadata()

    def image(self, name: str) -> FoundImage:
        """Read an image of the local store."""
        found = LayoutStore(self.places.images).find(f"{name}:latest")
        assert found is not None
        return found

    @contextmanager
    def running(self, *arguments: str | Path, port: int) -> Iterator[subprocess.Popen[str]]:
        """Run a web process until the block ends; one that does not end by itself then is killed."""
        process = self.start("run", *arguments, "--port", str(port))
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=_GRACE)
            except subprocess.TimeoutExpired:  # how an app ends is asked by tests of its own
                process.kill()
                process.wait()


@contextmanager
def installation(**env: str) -> Iterator[Installation]:
    """Give a fresh installation; everything it made is removed afterwards."""
    shared = default_places()
    parent = shared.cache / "tests"
    parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="home-", dir=parent))
    root.chmod(0o755)
    places = Places(data=root / "data", cache=root / "cache")
    places.cache.mkdir()
    stack = debian_13()
    for found in (stack.build, stack.run):  # linked, not copied
        LayoutStore(places.images).save(found.image, [found.reference.partition("@")[0]])
    places.roots.symlink_to(shared.roots)
    try:
        yield Installation(places, env)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def get(url: str) -> tuple[int, str]:
    """Ask for a page, waiting while nobody listens yet."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback, by the tests
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def style_sheet_of(page: str) -> str:
    """Find the style sheet that a page names."""
    found = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert found is not None
    return found[1]


def free_port() -> int:
    """Find a port nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_app(name: str, target: Path) -> Path:
    """Copy an app of the fixtures, to change it."""
    shutil.copytree(APPS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target
