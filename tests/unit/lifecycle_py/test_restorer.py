"""The restore phase: which layers come back, and how."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lifecycle_py.errors import BuildpackFailedError
from lifecycle_py.output import Kind
from lifecycle_py.spec.toml_file import read_toml
from tests.support.workshop import APP_IMAGE, Workshop

_LAYERS = "fixtures_all-layer-types"


def _restored(workshop: Workshop) -> list[str]:
    return [line.removeprefix("restored ./") for line in workshop.output() if line.startswith("restored ")]


@pytest.mark.requirement(
    "platform.restorer.layers",
    "platform.restorer.type-rules",
    "platform.restorer.cache-used",
    "buildpack.layer-types.build-not-restored",
    "buildpack.layer-types.launch-not-contents",
    "buildpack.layer-types.launch-restored",
    "buildpack.analysis.layer-files",
)
@pytest.mark.parametrize("with_trees", [True, False])
def test_restore_brings_back_each_type_of_layer(workshop: Workshop, *, with_trees: bool) -> None:
    """Cached layers return with contents, launch-only ones with metadata, all others not at all."""
    workshop.create("all_layer_types", with_trees=with_trees)

    workshop.create("all_layer_types", with_trees=with_trees)

    cached = [f"{name}{end}" for name in ("all", "bc", "c", "cl") for end in (".toml", "/file")]
    assert sorted([*cached, "l.toml"]) == sorted(_restored(workshop))


@pytest.mark.requirement("buildpack.layer-types.restored-without-types")
def test_restored_metadata_has_no_types(workshop: Workshop) -> None:
    """A buildpack that does not declare a layer again loses it."""
    workshop.create("all_layer_types")

    workshop.create("all_layer_types")

    shown = [line for line in workshop.output() if not line.startswith("restored")]
    assert ["[metadata]", 'name = "all"'] == shown


@pytest.mark.requirement("buildpack.analysis.without-previous")
def test_restore_of_a_first_build_is_empty(workshop: Workshop) -> None:
    """Without cache and previous image there is nothing."""
    workshop.create("all_layer_types")

    assert [] == _restored(workshop)
    assert "Nothing is cached" in workshop.reporter.texts(Kind.STEP)


@pytest.mark.requirement("deviation.restore-on-mismatch")
def test_restore_without_the_previous_image_still_has_the_cache(workshop: Workshop) -> None:
    """Cached layers, their metadata included, do not need the app image (Buildpack API 0.12)."""
    workshop.create("all_layer_types")

    workshop.create("all_layer_types", references=("example/renamed",))

    assert "cl/file" in _restored(workshop)
    assert "l.toml" not in _restored(workshop)


@pytest.mark.requirement("buildpack.layer-types.cache-both")
def test_restore_without_the_cache_still_has_metadata_of_launch_layers(workshop: Workshop) -> None:
    """A launch layer's metadata lives in the app image."""
    workshop.create("all_layer_types")
    (workshop.cache.directory / "cache.json").unlink()

    workshop.create("all_layer_types")

    assert ["l.toml"] == _restored(workshop)


@pytest.mark.requirement("platform.restorer.store", "buildpack.analysis.store")
def test_restore_brings_back_the_store(workshop: Workshop) -> None:
    """``store.toml`` travels in the app image's label."""
    workshop.create("keeps_cached_layer")

    workshop.create("keeps_cached_layer")

    assert ["keeping 1", 'remembering since = "2026"'] == workshop.output()


def test_restore_gives_nothing_to_other_buildpacks(workshop: Workshop) -> None:
    """A buildpack that was not in the previous build finds an empty directory."""
    workshop.create("all_layer_types")

    workshop.create("always_passes all_layer_types?")

    assert "fixtures/always-passes" not in _restored(workshop)


@pytest.mark.requirement("buildpack.layer-types.cache-both")
def test_restore_leaves_out_a_damaged_layer_with_a_warning(workshop: Workshop) -> None:
    """A damaged blob costs the layer, not the build."""
    workshop.create("keeps_cached_layer", with_trees=False)
    for blob in (workshop.cache.directory / "blobs" / "sha256").iterdir():
        data = blob.read_bytes()
        blob.unlink()
        blob.write_bytes(data[:-1] + b"x")

    workshop.create("keeps_cached_layer", with_trees=False)

    assert "making 1" == workshop.output()[0]
    (warning,) = workshop.reporter.texts(Kind.WARNING)
    assert "Not restoring layer 'runtime' of fixtures/keeps-cached-layer: A blob in" in warning


def test_restore_does_not_trust_a_tree_that_was_changed(workshop: Workshop) -> None:
    """A kept tree that somebody wrote to is thrown away, and the cache's blob is unpacked instead."""
    workshop.create("keeps_cached_layer")
    (tree,) = (path for path in workshop.trees.directory.iterdir() if path.is_dir())
    (tree / "bin" / "run").write_text("tampered")

    workshop.create("keeps_cached_layer")

    assert "keeping 1" == workshop.output()[0]
    (kept,) = (path for path in workshop.trees.directory.iterdir() if path.is_dir())
    assert "runtime 1\n" == (kept / "bin" / "run").read_text()


def test_restore_replaces_what_lies_in_the_layers_directory(workshop: Workshop, tmp_path: Path) -> None:
    """A link that a ``bin/detect`` left in the place of a layers directory is not followed."""
    workshop.create("keeps_cached_layer", with_trees=False)
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    script = f"#!/bin/sh\nln -s {outside} {tmp_path}/layers/fixtures_keeps-cached-layer\n"
    workshop.write_buildpack("sly", {"bin/detect": script})

    workshop.create("keeps_cached_layer sly", with_trees=False)

    assert ([], 0o700) == (list(outside.iterdir()), outside.stat().st_mode & 0o777)
    assert "keeping 1" == workshop.output()[0]


def test_restore_ignores_a_label_whose_names_lead_elsewhere(workshop: Workshop) -> None:
    """Names in an image's label become paths, so a label with ``../`` is as good as none."""
    exported = workshop.create("all_layer_types")
    labels = dict(exported.image.config.labels)
    name = "io.buildpacks.lifecycle.metadata"
    labels[name] = labels[name].replace('"l":{', '"../../../escaped":{')
    assert labels != exported.image.config.labels
    config = dataclasses.replace(exported.image.config, labels=labels)
    workshop.store.save(dataclasses.replace(exported.image, config=config), [APP_IMAGE])

    workshop.create("all_layer_types")

    assert "l.toml" not in _restored(workshop)
    assert [] == list(workshop.root.rglob("escaped*"))


def test_restore_works_after_a_failed_build(workshop: Workshop) -> None:
    """A tree that was away in a build that failed is unpacked from the cache."""
    workshop.create("keeps_cached_layer")
    with pytest.raises(BuildpackFailedError):
        workshop.create("keeps_cached_layer fails_build")

    workshop.create("keeps_cached_layer")

    assert "keeping 1" == workshop.output()[0]


@pytest.mark.requirement(
    "platform.analyzed-toml.previous-reference",
    "platform.analyzed-toml.run-reference",
    "platform.analyzer.previous-described",
    "platform.analyzer.run-image-described",
    "platform.analyzer.writes-analyzed",
)
def test_analyzed_document_names_both_images(workshop: Workshop) -> None:
    """``analyzed.toml`` has the previous image and the run image by digest."""
    first = workshop.create("always_passes")
    workshop.create("always_passes")

    analyzed = read_toml(workshop.layers / "analyzed.toml").data
    assert {"reference": f"{APP_IMAGE}@{first.saved.digest}"} == analyzed["image"]
    assert f"example/run:13@{workshop.run_image.digest}" == analyzed["run-image"]["reference"]
    assert {"name": "debian", "version": "13"} == analyzed["run-image"]["target"]["distro"]
