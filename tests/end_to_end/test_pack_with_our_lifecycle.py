"""``pack`` with a builder that has our lifecycle in place of the reference's: a drop-in, on a real app."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.daemon_store import DaemonStore
from lifecycle_py.oci.model import History
from lifecycle_py.oci.registry_store import RegistryStore
from tests.support.offramp import copy_app, free_port
from tests.support.pack import Pack, docker, front_page, image_id, label, layers, pack_with_our_builder
from tests.support.stack import debian_13
from tests.support.tars import Entry, make_tar

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("pack")]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """Give ``pack`` and the builder."""
    with pack_with_our_builder(tmp_path_factory.mktemp("pack")) as one:
        yield one


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a real app."""
    return copy_app("python_django", tmp_path_factory.mktemp("app") / "shop")


@pytest.fixture(scope="module")
def shop(pack: Pack, app: Path) -> str:
    """Give the name of an image that the creator built into Docker."""
    said = pack.build("shop", app, "--trust-builder")
    assert "===> Exporting" in said  # one program did all; else pack names five
    return pack.name("shop")


def test_image_serves_over_http(shop: str) -> None:
    """What the creator built starts and answers."""
    assert "The tea shop" in front_page(shop, free_port())


def test_rebuild_reuses_every_layer_and_gives_the_same_image(pack: Pack, shop: str, app: Path) -> None:
    """Nothing of an unchanged app is made anew: what was cached is restored, and the image ID stays."""
    before = image_id(shop)
    said = pack.build("shop", app, "--trust-builder")
    exported = said.partition("===> Exporting")[2]

    assert "Restored layer 'venv' of offramp/python" in said
    assert not re.search(r": new$", exported, re.MULTILINE), exported
    assert before == image_id(shop)


def test_five_phases_build_the_same_image_as_the_creator(pack: Pack, shop: str, app: Path) -> None:
    """An untrusted builder's phases run one by one, those with credentials in the lifecycle image."""
    said = pack.build("apart", app, "--lifecycle-image", pack.builder)

    assert all(f"[{phase}]" in said for phase in ("analyzer", "detector", "restorer", "builder", "exporter"))
    assert image_id(shop) == image_id(pack.name("apart"))


def test_changed_app_makes_one_layer(pack: Pack, shop: str, app: Path, tmp_path: Path) -> None:
    """A rebuild after a change of a source file exchanges the app's layer alone."""
    before = layers(shop)
    changed = copy_app("python_django", tmp_path / "changed")
    (changed / "shop" / "note.py").write_text("# a change\n")
    pack.build("changing", app, "--trust-builder")
    pack.build("changing", changed, "--trust-builder")

    assert 1 == len(set(layers(pack.name("changing"))) - set(before))


@pytest.mark.parametrize("trust", [True, False])
def test_publishing_goes_to_the_registry_alone(pack: Pack, app: Path, *, trust: bool) -> None:
    """Both flows push the same image, which Docker runs from there."""
    options = ["--trust-builder"] if trust else ["--lifecycle-image", pack.builder]
    pack.build("published", app, "--publish", *options)
    pushed = RegistryStore.from_environment().find(pack.name("published"))
    assert pushed is not None
    again = pack.build("published", app, "--publish", *options)

    assert "Previous image found" in again
    assert pack.name("published") not in docker("images", "--format", "{{.Repository}}")
    found = RegistryStore.from_environment().find(pack.name("published"))
    assert found is not None
    assert pushed.digest == found.digest
    docker("pull", "--quiet", pack.name("published"))
    try:
        assert "The tea shop" in front_page(pack.name("published"), free_port())
    finally:
        docker("rmi", "--force", pack.name("published"))


def test_pack_inspects_the_image(pack: Pack, shop: str) -> None:
    """Labels are what ``pack`` reads: processes, buildpacks, run image and its exact reference."""
    said = pack.run("inspect", shop, "--output", "json")
    local = json.loads(said[said.index("{") :])["local_info"]

    assert {"web", "release", "worker"} == {process["type"] for process in local["processes"]}
    assert ["web"] == [process["type"] for process in local["processes"] if process["default"]]
    assert ["offramp/python", "offramp/procfile"] == [one["id"] for one in local["buildpacks"]]
    assert [pack.run_image] == [one["name"] for one in local["run_images"]]
    assert layers(pack.run_image)[-1] == local["base_image"]["top_layer"]
    assert image_id(pack.run_image) in local["base_image"]["reference"]
    assert local["rebasable"] is True


def test_pack_downloads_the_sboms(pack: Pack, shop: str, tmp_path: Path) -> None:
    """The bills of materials are at the paths of the specification, and name what was installed."""
    pack.run("sbom", "download", shop, "--output-dir", tmp_path)
    file = tmp_path / "layers" / "sbom" / "launch" / "offramp_python" / "venv" / "sbom.cdx.json"

    assert "django" in {component["name"].lower() for component in json.loads(file.read_text())["components"]}


def test_pack_rebases_the_image(pack: Pack, app: Path, tmp_path: Path) -> None:
    """On a newer run image, the app's own layers stay as they are, and the app runs."""
    pack.build("rebased", app, "--trust-builder")
    name = pack.name("rebased")
    own = layers(name)[len(layers(pack.run_image)) :]
    run = debian_13().run.image
    newer = BlobDirectory(tmp_path).write_layer([make_tar(Entry("etc/newer", "yes"))])
    history = (*run.config.history, History(created="1980-01-01T00:00:01Z", created_by="newer"))
    newer_run = dataclasses.replace(
        run, layers=(*run.layers, newer), config=dataclasses.replace(run.config, history=history)
    )
    daemon = DaemonStore.from_environment()
    try:
        daemon.save(newer_run, [pack.run_image])
        pack.run("rebase", name, "--pull-policy", "never")
        rebased = label(name, "io.buildpacks.lifecycle.metadata")["runImage"]["topLayer"]
        newest = layers(name)
    finally:
        daemon.save(run, [pack.run_image])

    assert [*(layer.diff_id for layer in newer_run.layers), *own] == newest
    assert newer.diff_id == rebased
    assert "yes" == docker("run", "--rm", "--entrypoint", "launcher", name, "cat", "/etc/newer").strip()
    assert "The tea shop" in front_page(name, free_port())


def test_bash_buildpacks_run_under_our_phases(pack: Pack, tmp_path: Path) -> None:
    """Buildpacks of three API versions without a line of Python build an app, and its process gets what they left."""
    app = tmp_path / "app"
    (app / "assets").mkdir(parents=True)
    (app / "assets" / "site.css").write_text("body {}")
    (app / "packages.lock").write_text("rails 8.0\n")
    (app / "runtime.version").write_text("2.1")
    pack.build("bash", app, "--trust-builder")
    name = pack.name("bash")
    again = pack.build("bash", app, "--trust-builder")

    assert "runtime 2.1 runs serve --port 8080" == docker("run", "--rm", name).strip()
    assert "Reusing runtime 2.1" in again
    assert "Leaving assets in the image" in again


def test_app_that_no_buildpack_takes_is_told_with_its_code(pack: Pack, tmp_path: Path) -> None:
    """``pack`` passes the phase's exit code on."""
    (tmp_path / "app").mkdir()
    said = pack.run(
        *("build", pack.name("nothing"), "--path", tmp_path / "app", "--builder", pack.builder),
        *("--pull-policy", "never", "--trust-builder", "--buildpack", "offramp/python"),
        code=1,
    )

    assert "failed with status code: 20" in said
