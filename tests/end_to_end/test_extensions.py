"""Image extensions with real images: the build image and the run image are changed, without Docker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layout_store import LayoutStore
from tests.support.offramp import REPOSITORY, Installation, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("extensions")]

FIXTURES = REPOSITORY / "fixtures"
_BUILDER = f"""
[offramp]
stack = "debian-13"
[[buildpacks]]
uri = "{FIXTURES}/buildpacks/runs_tool"
[[extensions]]
uri = "{FIXTURES}/extensions/installs_tool"
[[extensions]]
uri = "{FIXTURES}/extensions/switches_run_image"
[[order]]
[[order.group]]
id = "fixtures/runs-tool"
[[order-extensions]]
[[order-extensions.group]]
id = "fixtures/switches-run-image"
[[order-extensions.group]]
id = "fixtures/installs-tool"
"""


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation of its own."""
    with installation() as one:
        yield one


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app that has nothing, and a builder beside it."""
    (tmp_path / "builder.toml").write_text(_BUILDER)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("<p>")
    return tmp_path / "app"


def _builder(app: Path) -> tuple[str, Path]:
    return "--builder", app.parent / "builder.toml"


@pytest.mark.requirement("image_extension.extension.args", "image_extension.extension.rebasable")
def test_extensions_change_both_images(app: Path, offramp: Installation) -> None:
    """The tool works while building and in the app, each with its own argument; the app's user stays."""
    done = offramp.run("build", app, "-t", "tool", *_builder(app))

    assert "tool of 0, greeting from the build image, version 7" in done.stderr
    image = offramp.image("tool").image
    ran = offramp.run("run", "tool")
    owners = offramp.run("run", "tool", "--", "sh", "-c", "ls -ln /etc/issue; id -u")
    assert "tool of 0, greeting from the run image, version 7" in ran.stdout
    assert ("true", "1000:1000") == (image.config.labels["io.buildpacks.rebasable"], image.config.user)
    assert ["installs-tool"] == [
        one["id"].removeprefix("fixtures/")
        for one in json.loads(image.config.labels["io.buildpacks.build.metadata"])["extensions"]
        if one["id"] != "fixtures/switches-run-image"
    ]
    assert any(
        entry.created_by == "Layer: 'run.Dockerfile', Created by extension: fixtures/installs-tool"
        for entry in image.config.history
    )
    assert "No such file" in owners.stdout + owners.stderr
    assert owners.stdout.rstrip().endswith("1000")


def test_extended_images_are_used_again(app: Path, offramp: Installation) -> None:
    """An unchanged rebuild applies nothing anew and gives the same image; without the cache everything is applied."""
    first = offramp.build(app, "again", *_builder(app))
    second = offramp.run("build", app, "-t", "again", *_builder(app))
    without = offramp.run("build", app, "-t", "uncached", "--no-cache", *_builder(app))

    assert first["digest"] in second.stdout
    assert "run image extended as before" in second.stderr
    assert "build image extended as before" in second.stderr
    assert "$ RUN" not in second.stderr
    assert "$ RUN" in without.stderr


@pytest.mark.requirement("platform.exporter.extended-base")
def test_extension_switches_the_run_image(app: Path, offramp: Installation) -> None:
    """The app stands on the image the extension named, and extensions after it extend that one."""
    store = LayoutStore(offramp.places.images)
    base = next(name for name in store.references() if "run" in name)
    found = store.find(base)
    assert found is not None
    store.save(found.image, ["example/other:1"])
    (app / "run-image").write_text("example/other:1")

    done = offramp.run("build", app, "-t", "switched", *_builder(app))

    label = json.loads(offramp.image("switched").image.config.labels["io.buildpacks.lifecycle.metadata"])
    assert "Extensions switch the run image to example/other:1" in done.stderr
    assert label["runImage"]["image"] == "example/other:1"
    assert "from the run image" in offramp.run("run", "switched").stdout


def test_missing_run_image_is_named(app: Path, offramp: Installation) -> None:
    """An extension that names an image nobody has fails the build with its name."""
    (app / "run-image").write_text("example/nobody:1")

    done = offramp.run("build", app, "-t", "missing", *_builder(app), code=None)

    assert done.code != 0
    assert "example/nobody:1" in done.stderr
    assert LayoutStore(offramp.places.images).find("missing:latest") is None
