"""Every phase killed without warning: image and cache stay whole, and the next build finds everything in order."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.model import sha256
from tests.support.lifecycles import FIXTURES, OURS, PHASES, Site, open_site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("interrupted-phases")]

_SOURCE = {"runtime.version": "1.2", "packages.lock": "rails 8\n", "assets/site.css": "x", "index.html": "<p>"}


@pytest.fixture(params=["directory", "image"])
def cached(request: pytest.FixtureRequest) -> Iterator[tuple[Site, tuple[str, ...]]]:
    """A site with an app that has been built, and its cache: a directory or an image."""
    with open_site(api="0.15") as site:
        site.install(*(FIXTURES / name for name in ("bash_runtime", "bash_dependencies", "bash_web")))
        site.write_source(_SOURCE)
        directory = ("-cache-dir", str(site.root / "cache"))
        yield site, directory if request.param == "directory" else ("-cache-image", site.name("cache"))


@pytest.mark.parametrize("phase", PHASES)
def test_killed_phase(cached: tuple[Site, tuple[str, ...]], phase: str) -> None:
    """Killed at any moment, a phase leaves the old image or the new one, and a cache the next build can use."""
    site, cache = cached
    site.build(OURS, cache=cache)
    generator = random.Random(phase)  # noqa: S311 - moments, the same ones in every run
    for attempt in range(4):
        site.write_source({"packages.lock": f"rails 8.{attempt}\n"})
        _build_and_kill(site, cache, phase, after=generator.uniform(0, 0.6))
        _assert_whole(site, "app")
    site.write_source({"packages.lock": "rails 9\n"})
    after = site.build(OURS, cache=cache)
    again = site.build(OURS, cache=cache)
    clean = site.build(OURS, "clean")

    assert clean.digest == after.digest == again.digest
    assert "Reusing packages" in again.said["builder"]
    assert [] == sorted(path.name for path in site.layers.rglob(".offramp-export-*"))


def _build_and_kill(site: Site, cache: tuple[str, ...], phase: str, *, after: float) -> None:
    site.renew()
    for name, arguments in site.steps(site.name("app"), cache).items():
        if name != phase:
            site.run(OURS, name, *arguments)
            continue
        with site.start(OURS, name, *arguments) as process:
            time.sleep(after)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        return


def _assert_whole(site: Site, name: str) -> None:
    """Read every byte of an image and check it against its digests."""
    found = site.store.find(site.name(name))
    assert found is not None
    for layer in found.image.layers:
        with layer.open_blob() as blob, open_uncompressed(blob) as tar:
            assert str(layer.diff_id) == str(sha256(tar.read()))
