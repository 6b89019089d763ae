"""A build that goes straight to a registry, as in CI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker_registry import DockerRegistry, run_registry
from tests.support.offramp import Installation, copy_app, free_port, get, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("push")]

APP = "python_django"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A real registry."""
    with run_registry(tmp_path_factory.mktemp("registry")) as start:
        yield start()


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


@pytest.mark.requirement("platform.reproducibility.same-digest")
def test_pushed_image_has_the_digest_of_the_local_one(offramp: Installation, registry: DockerRegistry) -> None:
    """The same app is the same image in the local store and in the registry, for skopeo, too."""
    name = f"{registry.host}/team/shop"
    local = offramp.build(APP, "shop")
    pushed = offramp.build(APP, name, "--push")
    inspect = ["skopeo", "inspect", "--tls-verify=false", f"docker://{name}"]
    inspected = json.loads(subprocess.run(inspect, check=True, capture_output=True, text=True).stdout)

    assert local["digest"] == pushed["digest"] == inspected["Digest"]


def test_unchanged_build_uploads_no_blob(offramp: Installation, registry: DockerRegistry) -> None:
    """A rebuild finds the previous image in the registry and sends nothing."""
    name = f"{registry.host}/team/again"
    offramp.build(APP, name, "--push")
    before = len(registry.requests())
    again = offramp.build(APP, name, "--push")

    assert [] == [layer for layer in again["layers"] if not layer["reused"]]
    assert not [path for method, path in registry.requests()[before:] if method in {"PATCH", "PUT"}]


def test_fresh_runner_reuses_layers_through_the_registry(
    offramp: Installation, registry: DockerRegistry, tmp_path: Path
) -> None:
    """A machine that never built the app makes the same layers, and the registry has them already."""
    name = f"{registry.host}/team/runner"
    offramp.build(APP, name, "--push")
    app = copy_app(APP, tmp_path / "app")
    (app / "shop" / "note.py").write_text("# a change\n")
    with installation() as other:
        changed = other.build(app, name, "--push")

    assert ["app"] == [layer["name"] for layer in changed["layers"] if not layer["reused"]]


def test_fresh_runner_restores_a_cache_from_the_registry(offramp: Installation, registry: DockerRegistry) -> None:
    """``--cache docker://``: a machine that never built the app installs nothing again."""
    name, cache = f"{registry.host}/team/cached", f"docker://{registry.host}/team/cached:cache"
    first = offramp.build(APP, name, "--push", "--cache", cache)
    with installation() as other:
        done = other.run("build", Path("fixtures/apps") / APP, "-t", name, "--push", "--cache", cache)

    assert "Restored layer" in done.stderr
    assert "Nothing is cached" not in done.stderr
    assert done.stdout.strip().endswith(first["digest"])


def test_image_of_a_registry_runs_and_translates(
    offramp: Installation, registry: DockerRegistry, tmp_path: Path
) -> None:
    """``docker://`` names an image everywhere; its objects name what the cluster pulls."""
    name = f"{registry.host}/team/shop"
    digest = offramp.build(APP, name, "--push")["digest"]
    port = free_port()
    with offramp.running(f"docker://{name}", port=port):
        assert "The tea shop" in get(f"http://127.0.0.1:{port}/")[1]
    offramp.run("translate", f"docker://{name}", "-o", tmp_path / "kubernetes")

    assert f"image: {name}@{digest}" in (tmp_path / "kubernetes" / "2-processes" / "web.yaml").read_text()


def test_registry_that_is_not_there_is_told_before_the_build(offramp: Installation) -> None:
    """Nothing is built for a registry nobody answers for."""
    done = offramp.run("build", Path("fixtures/apps") / APP, "-t", f"127.0.0.1:{free_port()}/shop", "--push", code=1)

    assert "Building" not in done.stderr
    assert "127.0.0.1" in done.stderr


def test_two_targets_are_refused(offramp: Installation) -> None:
    """``--push`` and ``-o`` together are a mistake."""
    done = offramp.run("build", Path("fixtures/apps") / APP, "--push", "-o", "oci:x", code=2)

    assert "--push is a target, too" in done.stderr


def test_layer_a_registry_damaged_is_never_unpacked(
    offramp: Installation, registry: DockerRegistry, tmp_path: Path
) -> None:
    """What is pulled to be run is verified first: nothing of a wrong layer reaches the disk unpacked."""
    name = f"{registry.host}/team/damaged"
    app = copy_app(APP, tmp_path / "app")
    (app / "shop" / "only_here.py").write_text("# makes this app layer another one\n")
    layers = offramp.build(app, name, "--push")["layers"]
    digest = next(layer["digest"] for layer in layers if layer["name"] == "app").partition(":")[2]
    blob = next(registry.directory.rglob(f"{digest}/data"))
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    with installation() as other:
        done = other.run("run", f"docker://{name}", "--", "true", code=1)

        assert digest in done.stderr
        assert list((other.places.cache / "runs").glob("sha256-*")) == []
