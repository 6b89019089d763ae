"""The same app built by our phases and by the reference's, over the same directories, registry and caches.

What has to differ is decided in docs/decisions/ and named here: the spelling of metadata.toml (the layer of the
configuration), files for bills of materials of APIs we do not serve, and the launcher's version.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.go_buildpacks import go_buildpack
from tests.support.lifecycles import FIXTURES, OURS, PHASES, REFERENCE, Built, Lifecycle, Site, open_site

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("interchange")]

APP = {
    "runtime.version": "1.2",
    "packages.lock": "rails 8.0\npuma 6.6\n",
    "assets/site.css": "body {}\n",
    "assets/site.js": "x\n",
    "index.html": "<p>\n",
    "bin/start": "#!/bin/sh\n",
    "start": "-> bin/start",
    "a directory/with a long name, so that a plain header of an archive cannot hold it at all, not even split/é": "x",
    "Procfile": "web: run-it from the Procfile\nclock: run-it clock\n",
}
_VARIABLES = {"BPE_DEFAULT_GREETING": "hello", "BPE_APPEND_PATH": "/opt/bin", "BPE_DELIM_PATH": ":"}
_LABELS = "io.example.one=1 io.example.two=b=c"
_DIFFERENT = {"Software Bill-of-Materials", "Buildpacks Launcher Config"}
_BOTH_WAYS = pytest.mark.parametrize(
    ("first", "second"), [(OURS, REFERENCE), (REFERENCE, OURS)], ids=["go-on", "take-over"]
)


def _prepare(site: Site) -> None:
    bash = [FIXTURES / name for name in ("bash_runtime", "bash_dependencies", "bash_web")]
    site.install(*bash, go_buildpack("paketo_like"))
    site.write_source(APP)
    for name, value in {**_VARIABLES, "BP_IMAGE_LABELS": _LABELS, "BP_RUNTIME_VERSION": "9"}.items():
        (site.root / "platform" / "env" / name).write_text(value)


@pytest.fixture
def site() -> Iterator[Site]:
    """A place to build in, with three buildpacks in bash and one in Go."""
    with open_site() as one:
        _prepare(one)
        yield one


@pytest.fixture(scope="module", params=[f"0.{minor}" for minor in range(7, 16)])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Built, Built]]:
    """One app, built by the reference and by us, for a Platform API."""
    with open_site(api=request.param) as one:
        _prepare(one)
        yield one.build(REFERENCE, "theirs"), one.build(OURS, "ours")


class TestSameImage:
    """One app, one set of buildpacks, two lifecycles."""

    def test_layers(self, pair: tuple[Built, Built]) -> None:
        """All layers are there in the same order, and all but two have the same diff ID."""
        theirs, ours = pair

        assert theirs.titles == ours.titles
        assert {title for title, diff_id in theirs.layers().items() if ours.layers()[title] != diff_id} <= _DIFFERENT
        assert theirs.diff_ids[:2] == ours.diff_ids[:2]

    def test_labels(self, pair: tuple[Built, Built]) -> None:
        """Labels are equal, but for what names those two layers, and the launcher's version."""
        theirs, ours = (_comparable_labels(built) for built in pair)

        assert theirs == ours

    def test_config(self, pair: tuple[Built, Built]) -> None:
        """The configuration is equal otherwise: history, environment, entry point, user, times."""
        theirs, ours = (_comparable_config(built) for built in pair)

        assert theirs == ours

    def test_documents(self, pair: tuple[Built, Built]) -> None:
        """group.toml and plan.toml are equal; analyzed.toml names the same run image and its target."""
        theirs, ours = (built.documents for built in pair)

        assert theirs["group"] == ours["group"]
        # The reference's order of entries changes from run to run.
        assert sorted(map(str, theirs["plan"]["entries"])) == sorted(map(str, ours["plan"]["entries"]))
        assert theirs["analyzed"]["run-image"] == ours["analyzed"]["run-image"]

    def test_buildpacks_are_told_the_same(self, pair: tuple[Built, Built]) -> None:
        """Buildpacks saw the same environment: what they printed of it is the same."""
        theirs, ours = (
            [
                line
                for line in built.said["builder"].splitlines()
                if line.startswith(("CNB_", "RUNTIME", "CPATH", "BP_"))
            ]
            for built in pair
        )

        assert theirs
        assert theirs == ours


def _comparable_labels(built: Built) -> dict[str, Any]:
    labels: dict[str, Any] = dict(built.config["config"]["Labels"])
    for name in ("lifecycle", "build", "project"):
        labels[f"io.buildpacks.{name}.metadata"] = json.loads(labels[f"io.buildpacks.{name}.metadata"])
    for key in ("sbom", "config", "exec-env"):
        labels["io.buildpacks.lifecycle.metadata"].pop(key, None)
    del labels["io.buildpacks.build.metadata"]["launcher"]
    for process in labels["io.buildpacks.build.metadata"]["processes"]:
        process["args"] = process["args"] or []
        process.pop("default", None)
    return labels


def _comparable_config(built: Built) -> dict[str, Any]:
    config = {**built.config, "config": {**built.config["config"], "Labels": None}, "history": built.titles}
    return {name: value for name, value in config.items() if name != "rootfs"}


class TestRebuild:
    """An app whose last image and cache are the other lifecycle's."""

    @pytest.mark.requirement("platform.restorer.cache-used")
    @_BOTH_WAYS
    def test_with_a_cache_directory(self, site: Site, first: Lifecycle, second: Lifecycle) -> None:
        """Everything is restored from a cache directory and kept, and the image has the same layers."""
        cache = ("-cache-dir", str(site.root / "cache"))
        built = site.build(first, cache=cache)
        again = site.build(second, cache=cache)

        _assert_kept(built, again)

    @pytest.mark.requirement("platform.restorer.cache-used")
    @_BOTH_WAYS
    def test_with_a_cache_image(self, site: Site, first: Lifecycle, second: Lifecycle) -> None:
        """Everything is restored from a cache image and kept."""
        cache = ("-cache-image", site.name("cache"))
        built = site.build(first, cache=cache)
        again = site.build(second, cache=cache)

        _assert_kept(built, again)

    @_BOTH_WAYS
    def test_after_a_change(self, site: Site, first: Lifecycle, second: Lifecycle) -> None:
        """What changed is made again by the other, what did not is kept; then the first goes on with that."""
        cache = ("-cache-dir", str(site.root / "cache"))
        built = site.build(first, cache=cache)
        site.write_source({"packages.lock": "rails 8.1\n"})
        changed = site.build(second, cache=cache)
        again = site.build(first, cache=cache)

        said = changed.said["builder"]
        assert [] == [line for line in ("Reusing runtime", "Installing packages", "Leaving assets") if line not in said]
        title = "Layer: 'packages', Created by buildpack: fixtures/bash-dependencies@1.0.0"
        different = {name for name, diff_id in built.layers().items() if changed.layers()[name] != diff_id}
        assert title in different
        assert different - _DIFFERENT <= {title, "Application Slice: 3"}
        _assert_kept(changed, again)

    @_BOTH_WAYS
    def test_without_a_cache(self, site: Site, first: Lifecycle, second: Lifecycle) -> None:
        """From the image alone, layers that are only for launch are kept."""
        site.build(first)
        again = site.build(second)

        assert "Leaving assets in the image" in again.said["builder"]
        assert "Remembering" in again.said["builder"]


def _assert_kept(before: Built, after: Built) -> None:
    said = after.said["builder"]
    for line in (
        "Reusing runtime 1.2",
        "Reusing packages",
        "Leaving assets in the image",
        'Remembering "the first build"',
    ):
        assert line in said
    kept = {title for title, blob in before.blobs().items() if after.blobs()[title] == blob}
    assert set(before.layers()) - kept <= _DIFFERENT
    assert before.config["config"]["Env"] == after.config["config"]["Env"]


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours-first", "reference-first"])
def test_phases_of_both_in_one_build(site: Site, *, ours_first: bool) -> None:
    """Phases of both lifecycles, in turns, make the image that either makes alone."""
    turns = itertools.cycle((OURS, REFERENCE) if ours_first else (REFERENCE, OURS))
    mixed = site.build(dict(zip(PHASES, turns, strict=False)), "mixed")
    alone = site.build(REFERENCE, "alone")

    assert {title for title, diff_id in alone.layers().items() if mixed.layers()[title] != diff_id} <= _DIFFERENT
    assert alone.documents["group"] == mixed.documents["group"]


class TestRebase:
    """An image of one lifecycle put onto a new run image by the other."""

    @pytest.mark.requirement(
        "platform.rebaser.run-image-derived",
        "platform.rebaser.layers-replaced",
        "platform.rebaser.label-reference",
        "platform.rebaser.label-top-layer",
        "platform.rebaser.base-labels",
        "platform.rebaser.metadata-updated",
        "platform.rebaser.constant-created",
    )
    @pytest.mark.parametrize("builder", [OURS, REFERENCE], ids=["built-by-us", "built-by-them"])
    def test_result_is_the_same(self, site: Site, builder: Lifecycle) -> None:
        """Both rebasers make the same configuration of it, and the app's layers stay as they are stored.

        The reference empties the history; ours keeps it.
        """
        built = site.build(builder)
        found = site.store.find(site.name("app"))
        assert found is not None
        site.store.save(found.image, [site.name("theirs"), site.name("ours")])
        site.push_run_image(contents="ID=debian\nNEW=1\n", env=("PATH=/bin", "NEWER=yes"))
        rebased = []
        for lifecycle, name in ((REFERENCE, "theirs"), (OURS, "ours")):
            site.run(lifecycle, "rebaser", "-report", str(site.root / "report.toml"), site.name(name))
            rebased.append(site.read(name))
        theirs, ours = rebased

        assert {**_comparable_config(theirs), "history": built.titles} == _comparable_config(ours)
        assert _comparable_labels(theirs) == _comparable_labels(ours)
        assert theirs.diff_ids == ours.diff_ids
        assert built.diff_ids[0] != ours.diff_ids[0]
        assert built.blobs() == ours.blobs()
