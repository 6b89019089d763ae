"""The rebaser and the detector as programs against the specification: platform.md "rebaser", "detector"."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.lifecycles import FIXTURES, OURS, Finished, Site, open_site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("spec")]


@pytest.fixture(scope="module")
def app() -> Iterator[Site]:
    """A registry with an app image, and a newer run image under the run image's name."""
    with open_site(api="0.15") as site:
        site.install(FIXTURES / "two_processes")
        site.write_source({"index.html": "<p>"})
        site.build(OURS, "app")
        site.push_run_image(contents="ID=debian\nNEWER=1\n")
        yield site


def _rebase(site: Site, *arguments: str) -> Finished:
    return site.try_to_run(OURS, "rebaser", "-report", str(site.root / "home" / "report.toml"), *arguments)


@pytest.mark.requirement("platform.rebaser.image-required")
@pytest.mark.parametrize(
    "names", [(), ("not a name",), ("{app}", "registry.example.com/app")], ids=["none", "wrong", "two registries"]
)
def test_names(app: Site, names: tuple[str, ...]) -> None:
    """At least one valid reference, all of one registry; nothing is written otherwise."""
    before = app.read("app").digest
    finished = _rebase(app, *(name.replace("{app}", app.name("app")) for name in names))

    assert 0 != finished.code
    assert "Traceback" not in finished.output
    assert before == app.read("app").digest


@pytest.mark.requirement("platform.rebaser.same-image", "platform.rebaser.metadata-updated")
def test_every_name_is_the_same_image(app: Site) -> None:
    """All names are given one image, and nothing of the old run image's identity is left in it."""
    old = app.read("app").label("io.buildpacks.lifecycle.metadata")["runImage"]
    finished = _rebase(app, app.name("app"), app.name("rebased"))
    rebased = app.read("rebased")

    assert 0 == finished.code, finished.output
    assert rebased.digest == app.read("app").digest
    assert old["reference"] not in json.dumps(rebased.config)
    assert old["topLayer"] not in json.dumps(rebased.config)


@pytest.mark.requirement("platform.rebaser.config-from-run")
def test_platform_of_the_new_run_image(app: Site) -> None:
    """With -force the image takes operating system, architecture and variant of the new run image."""
    app.push_run_image("other", architecture="arm64", variant="v8")
    refused = _rebase(app, "-run-image", app.name("other"), app.name("app"))
    forced = _rebase(app, "-force", "-run-image", app.name("other"), app.name("app"))
    config = app.read("app").config

    assert (72, 0) == (refused.code, forced.code), forced.output
    assert ("linux", "arm64", "v8") == (config["os"], config["architecture"], config["variant"])


@pytest.mark.requirement("platform.detector.order-default")
def test_order_of_the_layers_directory_comes_first(app: Site) -> None:
    """Without -order, ``<layers>/order.toml`` is read; -order and CNB_ORDER_PATH name another."""
    app.install(FIXTURES / "always_passes")
    app.renew()
    (app.layers / "order.toml").write_text((app.root / "order.toml").read_text().replace("always", "never"))
    app.install(FIXTURES / "never_passes")
    app.run(OURS, "analyzer", app.name("app"))
    (app.root / "order.toml").write_text((app.root / "order.toml").read_text().replace("never", "always"))
    from_layers = app.try_to_run(OURS, "detector", CNB_ORDER_PATH="")
    from_variable = app.try_to_run(OURS, "detector")
    from_flag = app.try_to_run(OURS, "detector", "-order", str(app.layers / "order.toml"))

    assert (20, 0, 20) == (from_layers.code, from_variable.code, from_flag.code)
