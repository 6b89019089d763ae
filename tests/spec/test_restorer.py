"""The restorer as a program against the specification: platform.md "restorer", where extensions are in the group."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from tests.support.lifecycles import OURS, Site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("spec")]

_GROUP = """
[[group]]
id = "a/buildpack"
version = "1"
api = "0.12"

[[group-extensions]]
id = "an/extension"
version = "1"
api = "0.12"
"""


def _restored(site: Site, run_image: str, *arguments: str) -> dict[str, Any]:
    """Restore after a detection that left this ``[run-image]``; give analyzed.toml as it is then."""
    site.write_source({"index.html": "<p>"})
    site.renew()
    (site.layers / "group.toml").write_text(_GROUP)
    (site.layers / "analyzed.toml").write_text(f"[run-image]\n{run_image}")
    site.run(OURS, "restorer", *arguments, CNB_KANIKO_DIR=str(site.root / "kaniko"))
    return tomllib.loads((site.layers / "analyzed.toml").read_text())


@pytest.mark.requirement("platform.restorer.extended-build")
def test_build_image_is_named_by_digest(site: Site) -> None:
    """The build image that extensions are to extend is fetched, and analyzed.toml has its digest."""
    analyzed = _restored(site, f'image = "{site.name("run")}"\n', "-build-image", site.name("run"))

    assert analyzed["build-image"]["reference"].startswith(f"{site.name('run')}@sha256:")


@pytest.mark.requirement("platform.restorer.extended-run")
def test_run_image_to_extend_is_named_by_digest(site: Site) -> None:
    """A run image that is to be extended is fetched, and analyzed.toml has its digest and still says so."""
    analyzed = _restored(site, f'image = "{site.name("run")}"\nextend = true\n')

    assert analyzed["run-image"]["reference"].startswith(f"{site.name('run')}@sha256:")
    assert analyzed["run-image"]["extend"] is True


@pytest.mark.requirement("platform.restorer.run-target")
def test_run_image_that_was_switched_to_has_its_target(site: Site) -> None:
    """A run image that an extension named has no target until the restorer has looked at it."""
    site.push_run_image("switched", architecture="arm64", variant="v8")
    target = _restored(site, f'image = "{site.name("switched")}"\n')["run-image"]["target"]

    assert ("linux", "arm64") == (target["os"], target["arch"])
    assert "v8" in {target.get("variant"), target.get("arch-variant")}


@pytest.mark.requirement("platform.restorer.mirrors")
def test_mirrors_of_the_run_image_are_known(site: Site) -> None:
    """With -run the run image of an extended build is accepted by a name that run.toml gives it."""
    run = site.root / "home" / "run.toml"
    run.write_text(f'[[images]]\nimage = "127.0.0.1:9/gone"\nmirrors = ["{site.name("run")}"]\n')
    analyzed = _restored(site, f'image = "{site.name("run")}"\nextend = true\n', "-run", str(run))

    assert analyzed["run-image"]["reference"].startswith(f"{site.name('run')}@sha256:")
