"""The real ``pack`` against the real Docker, with a builder made of our stack, lifecycle and buildpacks."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.build.host_passage import find_ca_bundle, proxy_variables
from builder.build.staging import stage_for_others
from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.registry_store import RegistryStore
from tests.support.docker_registry import run_registry
from tests.support.offramp import REPOSITORY, get, installation
from tests.support.reference_programs import reference_programs
from tests.support.stack import debian_13

_CA_INSIDE = "/etc/host-authorities.crt"
_BASH = ("bash_runtime", "bash_dependencies", "bash_web")
_BUILDPACKS = ("buildpacks/python", "buildpacks/procfile", *(f"fixtures/buildpacks/{name}" for name in _BASH))
_BUILDER = """
[lifecycle]
uri = "{lifecycle}"
[build]
image = "{build}"
[[run.images]]
image = "{run}"
[[targets]]
os = "linux"
arch = "amd64"
[[order]]
[[order.group]]
id = "offramp/python"
[[order.group]]
id = "offramp/procfile"
optional = true
[[order]]
[[order.group]]
id = "fixtures/bash-runtime"
[[order.group]]
id = "fixtures/bash-dependencies"
[[order.group]]
id = "fixtures/bash-web"
"""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """``pack`` with a home of its own, whose name is part of all images it makes; ``host`` is a registry."""

    home: Path
    host: str

    @property
    def builder(self) -> str:
        """The builder's name."""
        return self.name("builder")

    @property
    def run_image(self) -> str:
        """The run image's name, in Docker and in the registry."""
        return self.name("run")

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Run it to its end; give what it printed."""
        environ = {**os.environ, "PACK_HOME": str(self.home), "PACK_VOLUME_KEY": self.home.name, "NO_COLOR": "1"}
        done = subprocess.run(
            [reference_programs().pack, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=environ,
        )
        assert code == done.returncode, done.stdout
        return done.stdout

    def build(self, name: str, app: Path, *options: str) -> str:
        """Build an app, with the network of this machine as a user behind its proxy would."""
        return self.run(
            "build",
            self.name(name),
            "--path",
            app,
            "--builder",
            self.builder,
            "--pull-policy",
            "never",
            *_network(),
            *options,
        )

    def name(self, name: str) -> str:
        """Give an image's full name, of which pack makes the names of its volumes."""
        return f"{self.host}/{self.home.name}/{name}"


def _network() -> list[str]:
    options = ["--network", "host"]
    for name, value in proxy_variables(os.environ).items():
        options += ["--env", f"{name}={value}"]
    authorities = find_ca_bundle(os.environ)
    if authorities:
        options += ["--volume", f"{authorities.resolve()}:{_CA_INSIDE}:ro"]
        options += [f"--env={name}={_CA_INSIDE}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
    return options


@contextmanager
def pack_with_our_builder(directory: Path) -> Iterator[Pack]:
    """Make everything; remove every image and volume at the end."""
    with run_registry(directory / "registry") as start, installation() as offramp:
        pack = Pack(home=directory / f"pack-{uuid.uuid4().hex[:8]}", host=start().host)
        stack, daemon, registry = debian_13(), DaemonStore.from_environment(), RegistryStore.from_environment()
        for name, found in (("build", stack.build), ("run", stack.run)):
            for store in (daemon, registry):
                store.save(found.image, [pack.name(name)])
        offramp.run("builder", "lifecycle", "--output", directory / "lifecycle.tgz")
        builder = _BUILDER.format(lifecycle=directory / "lifecycle.tgz", build=pack.name("build"), run=pack.run_image)
        for source in _BUILDPACKS:
            staged = stage_for_others(REPOSITORY / source, directory / "buildpacks")
            builder += f'[[buildpacks]]\nuri = "{staged}"\n'
        (directory / "builder.toml").write_text(builder)
        try:
            pack.run(
                "builder", "create", pack.builder, "--config", directory / "builder.toml", "--pull-policy", "never"
            )
            yield pack
        finally:
            _clean(pack)


def _clean(pack: Pack) -> None:
    images = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    own = [image for image in images if image.startswith(f"{pack.host}/")]
    if own:
        docker("rmi", "--force", *own)
    volumes = docker("volume", "ls", "--quiet", "--filter", f"name=pack-cache-{pack.home.name}_").split()
    if volumes:
        docker("volume", "rm", "--force", *volumes)


def docker(*arguments: str) -> str:
    """Run ``docker``; give what it printed."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def image_id(name: str) -> str:
    """Give an image's ID in Docker."""
    return docker("inspect", "--format", "{{.Id}}", name).strip()


def layers(name: str) -> list[str]:
    """Give the diff IDs of an image in Docker."""
    found: list[str] = json.loads(docker("inspect", "--format", "{{json .RootFS.Layers}}", name))
    return found


def label(name: str, key: str) -> Any:
    """Give a label of an image in Docker, parsed."""
    return json.loads(docker("inspect", "--format", f'{{{{index .Config.Labels "{key}"}}}}', name))


def front_page(name: str, port: int, options: Sequence[str] = ()) -> str:
    """Start an image's web process in Docker, and give its front page."""
    container = docker("run", "--detach", "--network", "host", "--env", f"PORT={port}", *options, name).strip()
    try:
        return get(f"http://127.0.0.1:{port}/")[1]
    finally:
        docker("rm", "--force", container)
