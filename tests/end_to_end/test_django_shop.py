"""The main job on a real app: build, run, rebuild, rebuild after a change, hand to other tools."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testcontainers.core.container import DockerContainer

from lifecycle_py.oci.compression import open_uncompressed
from tests.support.offramp import Installation, copy_app, free_port, get, installation, style_sheet_of

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("django")]

APP = "python_django"
GRACE = 30.0  # seconds; what Kubernetes gives a container


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation that has built the shop once."""
    with installation() as one:
        one.build(APP, "shop")
        yield one


def ask_shop(base: str) -> None:
    """Ask for the first page and its style sheet, and expect both."""
    status, page = get(f"{base}/")
    assert status == 200
    assert "The tea shop" in page
    status, style = get(base + style_sheet_of(page))
    assert status == 200
    assert "{" in style


class TestRun:
    """``offramp run``."""

    def test_web_serves_its_page_and_static_file(self, offramp: Installation) -> None:
        """The built image answers with its page and the collected style sheet."""
        port = free_port()
        with offramp.running("shop", port=port):
            ask_shop(f"http://127.0.0.1:{port}")

    def test_web_ends_on_sigterm_within_its_grace(self, offramp: Installation) -> None:
        """SIGTERM reaches the app itself, which ends in order and leaves no process."""
        port = free_port()
        process = offramp.start("run", "shop", "--port", str(port))
        get(f"http://127.0.0.1:{port}/")
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=GRACE) == 0
        assert time.monotonic() - begin < GRACE
        left = subprocess.run(["pgrep", "-f", f"bind 0.0.0.0:{port}"], capture_output=True, text=True, check=False)
        assert left.stdout == ""

    def test_release_runs_the_migrations(self, offramp: Installation) -> None:
        """The release process is there to be run before the others."""
        done = offramp.run("run", "shop", "release")

        assert "Applying catalog.0001_initial... OK" in done.stdout

    def test_worker_ends_on_sigterm(self, offramp: Installation) -> None:
        """A worker is a process like any other: started by its type, ended by SIGTERM."""
        process = offramp.start("run", "shop", "worker")
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=GRACE) in {0, 143}

    def test_command_of_ones_own_sees_the_launch_environment(self, offramp: Installation) -> None:
        """``run IMAGE -- COMMAND`` runs in the app's environment, as ``heroku run`` does."""
        done = offramp.run("run", "shop", "--", "python", "-c", "import django, os; print(os.environ['PYTHONPATH'])")

        assert done.stdout == "/app\n"

    def test_exit_code_is_the_process_s(self, offramp: Installation) -> None:
        """What the process returns is what the command returns."""
        assert offramp.run("run", "shop", "--", "bash", "-c", "exit 7", code=None).code == 7

    def test_unknown_process_is_named_with_the_nearest(self, offramp: Installation) -> None:
        """A misspelled process type is answered with the right one."""
        done = offramp.run("run", "shop", "wroker", code=1)

        assert "There is no process 'wroker'" in done.stderr
        assert "Did you mean 'worker'?" in done.stderr


class TestImage:
    """The image, seen by other tools."""

    def test_skopeo_reads_and_copies_it(self, offramp: Installation, tmp_path: Path) -> None:
        """The image is valid for skopeo, and a copy in another layout has the same digest."""
        source = f"oci:{offramp.places.images}:shop:latest"
        inspected = json.loads(_output("skopeo", "inspect", source))
        subprocess.run(["skopeo", "copy", "-q", source, f"oci:{tmp_path / 'copy'}:shop"], check=True)
        copied = json.loads(_output("skopeo", "inspect", f"oci:{tmp_path / 'copy'}:shop"))

        assert inspected["Digest"] == offramp.image("shop").digest
        assert copied["Digest"] == inspected["Digest"]

    def test_docker_loads_and_runs_it(self, offramp: Installation, tmp_path: Path) -> None:
        """``docker load`` takes the archive, and a container of it answers as its non-root user."""
        archive = tmp_path / "shop.tar"
        offramp.build(APP, "test-shop", "-o", f"oci-archive:{archive}")
        assert "Loaded image: test-shop:latest" in _output("docker", "load", "--input", str(archive))
        container = DockerContainer("test-shop:latest").with_env("PORT", "8080").with_exposed_ports(8080)
        with container:
            ask_shop(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8080)}")
            code, output = container.exec("id -u")
            assert (code, output) == (0, b"1000\n")

    def test_no_secret_of_the_build_is_in_it(self, offramp: Installation) -> None:
        """Config vars, proxies and the host's CA settings reach the build and never the image, log or cache."""
        secret = "s3cr3t-value-of-a-config-var"  # noqa: S105 - it is the point
        done = offramp.run("build", _app(), "-t", "secretive", "-e", f"API_TOKEN={secret}", "--no-cache")

        assert secret not in done.stderr + done.stdout
        image = offramp.image("secretive").image
        assert all("proxy" not in entry.lower() and "CERT" not in entry for entry in image.config.env)
        for layer in image.layers[1:]:
            with layer.open_blob() as blob, open_uncompressed(blob) as tar:
                assert secret.encode() not in tar.read()


class TestReproducible:
    """The same source gives the same image."""

    @pytest.mark.requirement("platform.reproducibility.same-digest")
    def test_two_clean_builds_have_one_digest(self, offramp: Installation) -> None:
        """Built again without any cache, elsewhere, the image has the same digest."""
        with installation() as other:
            again = other.build(APP, "another-name")

        assert again["digest"] == offramp.build(APP, "shop")["digest"]

    def test_compressions_differ_only_in_their_blobs(self, offramp: Installation) -> None:
        """Zstd and no compression store other blobs of the very same layers."""
        shops = [offramp.build(APP, f"shop-{one}", "--compression", one) for one in ("gzip", "zstd", "none")]

        assert 1 == len({tuple(layer["diffId"] for layer in shop["layers"]) for shop in shops})
        assert 3 == len({shop["digest"] for shop in shops})


class TestRebuild:
    """A second build does only what is needed, and says why."""

    def test_unchanged_reuses_every_layer_and_reads_no_buildpack_layer(self, offramp: Installation) -> None:
        """Nothing is written again, and what buildpacks made is not even read."""
        offramp.build(APP, "shop")
        again = offramp.build(APP, "shop")

        assert [] == [layer for layer in again["layers"] if not layer["reused"]]
        assert {"offramp/python: python": False, "offramp/python: venv": False} == {
            layer["name"]: layer["read"] for layer in again["layers"] if layer["name"].startswith("offramp/")
        }

    def test_log_gives_the_reasons(self, offramp: Installation) -> None:
        """A person reads in the log what was reused and that it was unchanged."""
        offramp.build(APP, "shop")
        log = offramp.run("build", _app(), "-t", "shop").stderr

        assert "Using cached Python 3.13" in log
        assert "Using cached dependencies" in log
        assert "offramp/python: venv (reused, unchanged)" in log

    def test_changed_source_makes_only_the_app_layer_new(self, tmp_path: Path, offramp: Installation) -> None:
        """One changed line costs one layer."""
        app = copy_app(APP, tmp_path / "app")
        offramp.build(app, "changing")
        (app / "shop" / "note.py").write_text("# a change\n")
        again = offramp.build(app, "changing")

        assert ["app"] == _new_layers(again)

    def test_changed_requirement_makes_the_dependencies_new(self, tmp_path: Path, offramp: Installation) -> None:
        """A changed requirement rebuilds the dependencies, keeps Python, and says so."""
        app = copy_app(APP, tmp_path / "app")
        offramp.build(app, "growing")
        with (app / "requirements.txt").open("a") as requirements:
            requirements.write("\n# a comment changes the file's bytes\n")
        log = offramp.run("build", app, "-t", "growing").stderr

        assert "Using cached Python 3.13" in log
        assert "Discarding cache" in log
        assert "requirements.txt" in log

    def test_app_still_answers_after_a_rebuild(self, tmp_path: Path, offramp: Installation) -> None:
        """An image put together from reused layers runs like the first."""
        app = copy_app(APP, tmp_path / "app")
        offramp.build(app, "again")
        (app / "shop" / "note.py").write_text("# a change\n")
        offramp.build(app, "again")
        port = free_port()
        with offramp.running("again", port=port):
            ask_shop(f"http://127.0.0.1:{port}")

    def test_damaged_cache_is_left_out_with_a_warning(self, tmp_path: Path, offramp: Installation) -> None:
        """A cached layer whose bytes changed on disk is not used; the build says so and makes it anew."""
        cache = tmp_path / "cache"
        first = offramp.build(APP, "careful", "--cache", cache)
        for blob in (cache / "blobs" / "sha256").iterdir():
            data = bytearray(blob.read_bytes())
            data[len(data) // 2] ^= 1
            blob.unlink()  # the store links the same file
            blob.write_bytes(data)
        _forget_trees(offramp)
        again = offramp.run("build", _app(), "-t", "careful", "--cache", cache, "--progress", "json")

        assert "is damaged" in again.stderr
        assert first["digest"] == again.metadata()["digest"]

    def test_cache_directory_alone_is_enough(self, tmp_path: Path, offramp: Installation) -> None:
        """A cache carried to another machine restores there: an ephemeral CI runner rebuilds fast."""
        cache = tmp_path / "cache"
        first = offramp.build(APP, "shop", "--cache", cache)
        with installation() as other:
            done = other.run("build", _app(), "-t", "shop", "--cache", cache, "--progress", "json")

        assert "Using cached dependencies" in done.stderr
        assert first["digest"] == done.metadata()["digest"]


class TestOutputs:
    """Where the image and its description go."""

    def test_reference_with_digest_is_all_of_stdout(self, offramp: Installation) -> None:
        """A script reads the image's reference from stdout and nothing else."""
        done = offramp.run("build", _app(), "-t", "shop")

        assert f"shop:latest@{offramp.image('shop').digest}\n" == done.stdout

    def test_layout_of_ones_own(self, offramp: Installation, tmp_path: Path) -> None:
        """``-o oci:DIR`` writes a complete layout with the same digest."""
        built = offramp.build(APP, "shop", "-o", f"oci:{tmp_path / 'layout'}")
        inspected = json.loads(_output("skopeo", "inspect", f"oci:{tmp_path / 'layout'}:shop:latest"))

        assert built["digest"] == inspected["Digest"] == offramp.image("shop").digest
        named = set(inspected["Layers"])
        blobs = list((tmp_path / "layout" / "blobs" / "sha256").iterdir())
        assert len(blobs) == len(named) + 2, "layers, config and manifest are all there is: nothing that is only cached"

    def test_metadata_file(self, offramp: Installation, tmp_path: Path) -> None:
        """``--metadata-file`` describes the result for machines."""
        file = tmp_path / "build.json"
        offramp.run("build", _app(), "-t", "shop", "--metadata-file", file)
        document = json.loads(file.read_text())

        assert document["digest"] == offramp.image("shop").digest
        assert ["release", "web", "worker"] == [process["type"] for process in document["processes"]]

    def test_inspect_shows_processes_and_buildpacks(self, offramp: Installation) -> None:
        """``inspect`` tells what the image runs and what built it, as JSON too."""
        document: dict[str, Any] = json.loads(offramp.run("inspect", "shop", "--json").stdout)
        text = offramp.run("inspect", "shop").stdout

        assert "1000:1000" == document["user"]
        assert [False, True, False] == [process["default"] for process in document["processes"]]
        assert "gunicorn shop.wsgi --bind 0.0.0.0:$PORT" in text
        assert "offramp/python@" in text

    def test_images_lists_it(self, offramp: Installation) -> None:
        """``images`` lists what was built and not the base images."""
        listed = offramp.run("images").stdout

        assert "shop:latest" in listed
        assert "debian-13" not in listed


def _app() -> Path:
    return Path("fixtures") / "apps" / APP


def _new_layers(summary: dict[str, Any]) -> list[str]:
    return [layer["name"] for layer in summary["layers"] if not layer["reused"]]


def _forget_trees(offramp: Installation) -> None:
    import shutil

    shutil.rmtree(offramp.places.cache / "trees")


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_sha256_of_a_blob_is_its_name(offramp: Installation) -> None:
    """Every blob of the store is what its name says."""
    blobs = list((offramp.places.images / "blobs" / "sha256").iterdir())

    assert blobs
    for blob in blobs:
        with blob.open("rb") as file:
            assert blob.name == hashlib.file_digest(file, "sha256").hexdigest()
