"""A build that goes straight into a Docker daemon."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker_engine import real_engine
from tests.support.offramp import Installation, copy_app, free_port, get, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("load")]

APP = "python_django"


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation whose ``DOCKER_HOST`` is a fresh daemon."""
    with real_engine() as host, installation(DOCKER_HOST=host) as one:
        yield one


def _inspect(offramp: Installation, name: str) -> dict[str, object]:
    asked = subprocess.run(["docker", "inspect", name], env=offramp.environ, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(asked.stdout)[0]
    return found


def test_loaded_image_has_the_id_of_the_local_one(offramp: Installation) -> None:
    """The same app is the same image in the local store and in Docker; the digest told is Docker's ID."""
    local = offramp.build(APP, "shop")
    loaded = offramp.build(APP, "shop", "--load")

    assert local["imageId"] == loaded["imageId"] == loaded["digest"] == _inspect(offramp, "shop")["Id"]


def test_rebuild_finds_the_previous_image_in_docker(offramp: Installation, tmp_path: Path) -> None:
    """A changed app makes one new layer over those the daemon has."""
    app = copy_app(APP, tmp_path / "app")
    offramp.build(app, "changing", "--load")
    (app / "shop" / "note.py").write_text("# a change\n")
    changed = offramp.build(app, "changing", "--load")

    assert ["app"] == [layer["name"] for layer in changed["layers"] if not layer["reused"]]
    assert changed["imageId"] == _inspect(offramp, "changing")["Id"]


def test_image_of_docker_runs_and_is_inspected(offramp: Installation) -> None:
    """``docker-daemon:`` names an image; what it holds comes out as it went in."""
    built = offramp.build(APP, "shop", "--load")
    port = free_port()
    with offramp.running("docker-daemon:shop", port=port):
        assert "The tea shop" in get(f"http://127.0.0.1:{port}/")[1]
    told = json.loads(offramp.run("inspect", "docker-daemon:shop", "--json").stdout)

    own = [layer["diffId"] for layer in built["layers"]]
    assert own == [layer["diffId"] for layer in told["layers"]][-len(own) :]
    assert f"docker-daemon:shop@{built['imageId']}".endswith(told["reference"])


def test_image_of_docker_is_translated_by_its_digest_only(offramp: Installation) -> None:
    """A daemon's image has no digest a cluster could pull, so a person has to say it."""
    offramp.build(APP, "shop", "--load")
    digest = "sha256:" + "0" * 64
    refused = offramp.run("translate", "docker-daemon:shop", code=2)
    done = offramp.run("translate", "docker-daemon:shop", "--image", f"registry.example.com/shop@{digest}")

    assert "docker push" in refused.stderr
    assert f"image: registry.example.com/shop@{digest}" in done.stdout


def test_image_that_docker_lacks_is_told(offramp: Installation) -> None:
    """Absent is said in one line."""
    done = offramp.run("inspect", "docker-daemon:nothing", code=1)

    assert "There is no image 'docker-daemon:nothing'" in done.stderr


def test_daemon_that_is_not_there_is_told_before_the_build(offramp: Installation, tmp_path: Path) -> None:
    """Nothing is built for a daemon nobody answers for."""
    elsewhere = Installation(offramp.places, {"DOCKER_HOST": f"unix://{tmp_path}/none"})
    done = elsewhere.run("build", Path("fixtures/apps") / APP, "--load", code=1)

    assert f"Cannot reach the Docker daemon at 'unix://{tmp_path}/none'" in done.stderr
    assert "Preparing" not in done.stderr


def test_load_and_another_target_are_refused(offramp: Installation) -> None:
    """An image goes to one place."""
    done = offramp.run("build", Path("fixtures/apps") / APP, "--load", "-o", "oci:x", code=2)

    assert "--load is a target, too" in done.stderr
