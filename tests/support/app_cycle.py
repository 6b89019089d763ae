"""The life of an app: built, run, built again unchanged, changed, and built where there is no network.

A test module describes its apps as ``AppCase`` and inherits ``AppCycle``, whose tests are the stations. Builds go
through the recording proxy, so that the last station finds in it what the first one fetched.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from testcontainers.core.container import DockerContainer

from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.model import Image
from tests.support.offramp import APPS, Finished, Installation, free_port, get, installation
from tests.support.package_proxy import PackageProxy, Traffic, package_proxy, run_cut_off
from tests.support.stack import debian_13

Ask = Callable[[str], None]
Edit = Callable[[Path], None]
_DOCKER_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class AppCase:
    """An app and what is to be known about it.

    Args:
        app: its directory in ``fixtures/apps``.
        ask: asks the running app at a base address and asserts what it answers.
        edit: changes a line of its source; ``ask_edited`` then sees the difference.
        depend: changes its dependencies; ``ask_depending`` then sees the difference, by default as ``ask``.
        prepare: completes the copy of the app before the first build, such as by vendoring.
        kept: layers (``BUILDPACK: LAYER``, as a build's summary has them) that the change of a line leaves as they are.
        environ: config vars of the running app.
        options: of ``offramp build``.
        command: what is started; by default the default process.
    """

    app: str
    ask: Ask
    edit: Edit
    ask_edited: Ask
    depend: Edit
    ask_depending: Ask | None = None
    prepare: Edit | None = None
    kept: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Give the name its images have."""
        return self.app.replace("_", "-")


def replace_in(file: str, old: str, new: str) -> Edit:
    """Make an edit of one place of one file."""

    def edit(app: Path) -> None:
        text = (app / file).read_text()
        assert text.count(old) == 1, f"'{old}' stands {text.count(old)} times in {file}"
        (app / file).write_text(text.replace(old, new))

    return edit


def all_of(*edits: Edit) -> Edit:
    """Make one edit of several."""

    def edit(app: Path) -> None:
        for one in edits:
            one(app)

    return edit


def answers(path: str, *texts: str, status: int = 200) -> Ask:
    """Expect texts in the answer to one request."""

    def ask(base: str) -> None:
        got, body = get(base + path)
        assert got == status, body
        for text in texts:
            assert text in body

    return ask


@dataclass
class Cycle:
    """An app on its way through the stations; each build keeps what the tests compare."""

    case: AppCase
    offramp: Installation
    proxy: PackageProxy
    app: Path
    first: dict[str, Any] = field(default_factory=dict)

    def build(self, name: str = "", *options: str) -> dict[str, Any]:
        """Build the app as it is now."""
        return self.offramp.build(self.app, name or self.case.name, *self.case.options, *options)

    def build_cut_off(self, name: str) -> tuple[Finished, Traffic]:
        """Build the app where there is no network but the filled mirror."""
        command = (
            sys.executable, "-m", "builder.cli", "build", str(self.app), "-t", name,
            "--progress", "json", *self.case.options,
        )  # fmt: skip
        done, traffic = run_cut_off(command, self.offramp.environ)
        return Finished(code=done.returncode, stdout=done.stdout, stderr=done.stderr), traffic

    def edited(self, edit: Edit) -> Cycle:
        """Give the cycle of a changed copy of the app; images and caches are the same."""
        copy = self.app.with_name(f"{self.app.name}-{time.monotonic_ns()}")
        shutil.copytree(self.app, copy, symlinks=True)
        edit(copy)
        return dataclasses.replace(self, app=copy)

    def ask(self, ask: Ask) -> None:
        """Run the image in the sandbox and ask it."""
        port = free_port()
        variables = [word for name, value in self.case.environ.items() for word in ("-e", f"{name}={value}")]
        with self.offramp.running(self.case.name, *self.case.command, *variables, port=port):
            ask(f"http://127.0.0.1:{port}")

    @contextlib.contextmanager
    def container(self) -> Iterator[DockerContainer]:
        """Run the image in Docker."""
        reference = f"{self.case.name}:cycle"
        _load(self.offramp.image(self.case.name).image, reference)
        container = DockerContainer(reference).with_env("PORT", str(_DOCKER_PORT)).with_exposed_ports(_DOCKER_PORT)
        for name, value in self.case.environ.items():
            container = container.with_env(name, value)
        if self.case.command:
            container = container.with_kwargs(entrypoint=f"/cnb/process/{self.case.command[0]}")
        try:
            with container:
                yield container
        finally:
            subprocess.run(["docker", "rmi", "--force", reference], check=False, capture_output=True)


def _load(image: Image, reference: str) -> None:
    """Load an image into Docker, whose base stays there: the next app sends only layers of its own."""
    daemon = DaemonStore.from_environment()
    base = debian_13().run
    kept = f"offramp-tests/run:{base.digest.partition(':')[2][:12]}"
    if daemon.find(kept) is None:
        daemon.save(base.image, [kept])
    daemon.save(image, [reference])


@contextlib.contextmanager
def cycle_of(case: AppCase) -> Iterator[Cycle]:
    """Begin the cycle of an app: its copy is completed and built for the first time, on a fresh cache."""
    with package_proxy() as proxy, installation(**proxy.environ) as offramp:
        app = offramp.places.cache / "app" / case.app
        app.parent.mkdir()
        shutil.copytree(APPS / case.app, app, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
        if case.prepare:
            case.prepare(app)
        cycle = Cycle(case, offramp, proxy, app)
        cycle.first = cycle.build()
        yield cycle


class AppCycle:
    """The stations, in their order. A subclass names its ``case``, and a group of its own for pytest-xdist."""

    case: ClassVar[AppCase]

    @pytest.fixture(scope="class")
    @classmethod
    def cycle(cls) -> Iterator[Cycle]:
        """The app, built once."""
        with cycle_of(cls.case) as one:
            yield one

    def test_first_build_answers_in_docker(self, cycle: Cycle) -> None:
        """The image of a cold build runs in Docker as it is, and answers over HTTP as a user who is not root."""
        with cycle.container() as container:
            base = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(_DOCKER_PORT)}"
            cycle.case.ask(base)
            assert container.exec("id -u") == (0, b"1000\n")

    def test_unchanged_rebuild_is_the_same_image(self, cycle: Cycle) -> None:
        """Built again unchanged, every layer is used again, nothing is downloaded, and the digest is the same."""
        before = len(cycle.proxy.traffic.requests)
        again = cycle.build()

        assert again["digest"] == cycle.first["digest"]
        assert all(layer["reused"] for layer in again["layers"])
        assert cycle.proxy.traffic.requests[before:] == []

    def test_changed_line_is_served(self, cycle: Cycle) -> None:
        """A changed line of the source is in the next image; layers that do not depend on it are used again."""
        edited = cycle.edited(cycle.case.edit)
        built = edited.build()
        edited.ask(cycle.case.ask_edited)

        reused = {layer["name"] for layer in built["layers"] if layer["reused"]}
        assert built["digest"] != cycle.first["digest"]
        assert set(cycle.case.kept) <= reused

    def test_changed_dependency_is_served(self, cycle: Cycle) -> None:
        """A changed list of dependencies is installed by the next build, over what the cache still holds."""
        edited = cycle.edited(cycle.case.depend)
        built = edited.build()
        edited.ask(cycle.case.ask_depending or cycle.case.ask)

        assert built["digest"] != cycle.first["digest"]

    def test_cold_build_from_a_filled_mirror_is_the_same_image(self, cycle: Cycle) -> None:
        """On another fresh cache, with the network cut and a filled mirror, the digest is that of the first build."""
        with installation() as elsewhere:
            cut_off = dataclasses.replace(cycle, offramp=elsewhere)
            done, traffic = cut_off.build_cut_off(cycle.case.name)

            assert done.code == 0, done.stderr + "\n".join(traffic.missing)
            assert done.metadata()["digest"] == cycle.first["digest"]
