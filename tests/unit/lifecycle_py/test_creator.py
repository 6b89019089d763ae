"""Whole builds: the same app gives the same image, and what did not change is neither read nor made again."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.output import Kind
from tests.support.trees import write_tree
from tests.support.workshop import Workshop

_GROUP = "keeps_cached_layer reuses_launch_layer two_processes"


@pytest.mark.requirement("platform.build.order")
def test_create_tells_its_phases(workshop: Workshop) -> None:
    """A build is five phases, in this order."""
    workshop.create(_GROUP)

    assert ["Analyzing", "Detecting", "Restoring", "Building", "Exporting"] == workshop.reporter.texts(Kind.HEADER)


@pytest.mark.requirement("platform.reproducibility.same-image-id")
@pytest.mark.parametrize("with_trees", [True, False])
def test_create_twice_gives_the_same_image(workshop: Workshop, *, with_trees: bool) -> None:
    """A rebuild without a change has the same digest; unchanged layers are not read again."""
    first = workshop.create(_GROUP, with_trees=with_trees)

    second = workshop.create(_GROUP, with_trees=with_trees)

    assert ["keeping 1", 'remembering since = "2026"', "reusing assets"] == workshop.output()
    assert first.saved.digest == second.saved.digest
    assert [False, False] == [one.read for one in second.layers[:2]]
    assert all(one.reused for one in second.layers)


def test_create_does_not_depend_on_the_cache(workshop: Workshop) -> None:
    """A build from nothing and one from a cache give the same image."""
    workshop.create(_GROUP)
    cached = workshop.create(_GROUP)
    shutil.rmtree(workshop.cache.directory)
    shutil.rmtree(workshop.trees.directory)

    fresh = workshop.create(_GROUP, references=("example/without-a-past",))

    assert ["making 1", "making assets"] == workshop.output()
    assert cached.saved.digest == fresh.saved.digest


def test_create_after_a_change_makes_what_changed(workshop: Workshop) -> None:
    """A new version of the runtime makes its layer and the app anew, everything else is reused."""
    workshop.create(_GROUP)
    write_tree(workshop.app, {"version": "2"})

    second = workshop.create(_GROUP)

    assert "making 2" == workshop.output()[0]
    assert {
        "fixtures/keeps-cached-layer: runtime": "new",
        "fixtures/reuses-launch-layer: assets": "reused, unchanged",
        "app": "new",
        "launcher": "reused, same contents",
        "config": "reused, same contents",
        "process types": "reused, same contents",
    } == {one.name: one.how for one in second.layers}


def test_create_after_a_change_and_back_gives_the_first_image(workshop: Workshop) -> None:
    """The way to an app does not show in its image."""
    first = workshop.create(_GROUP)
    write_tree(workshop.app, {"version": "2"})
    workshop.create(_GROUP)
    write_tree(workshop.app, {"version": "1"})

    assert first.saved.digest == workshop.create(_GROUP).saved.digest


def test_create_reads_a_kept_layer_that_its_buildpack_changed(workshop: Workshop) -> None:
    """A file rewritten in a restored layer is in the new image."""
    script = (
        '#!/bin/sh\nlayer="$CNB_LAYERS_DIR/l"\nmkdir -p "$layer"\ncp version "$layer/version"\n'
        "printf '[types]\\ncache = true\\nlaunch = true\\n' >\"$layer.toml\"\n"
    )
    workshop.write_buildpack("copies", {"bin/build": script})
    first = workshop.create("copies")
    write_tree(workshop.app, {"version": "2"})

    second = workshop.create("copies")

    assert (True, False) == (second.layers[0].read, second.layers[0].reused)
    assert first.layers[0].layer.diff_id != second.layers[0].layer.diff_id


def test_create_with_another_compression_does_not_mix_recipes(workshop: Workshop) -> None:
    """A cached gzip blob is not put into an image of zstd layers; contents stay the same."""
    first = workshop.create(_GROUP.replace("reuses_launch_layer", ""))

    second = workshop.create(_GROUP.replace("reuses_launch_layer", ""), compression=Compression.ZSTD)

    assert [one.layer.diff_id for one in first.layers] == [one.layer.diff_id for one in second.layers]
    assert {Compression.ZSTD.media_type} == {one.layer.blob.media_type for one in second.layers}


def test_create_keeps_trees_of_this_build_only(workshop: Workshop) -> None:
    """The pool does not grow with every version."""
    for version in ("1", "2", "3"):
        write_tree(workshop.app, {"version": version})
        workshop.create("keeps_cached_layer")

    assert 1 == len([path for path in workshop.trees.directory.iterdir() if path.is_dir()])


def test_create_works_when_store_and_cache_lost_a_blob(workshop: Workshop) -> None:
    """A known layer whose blob is gone everywhere is written again."""
    first = workshop.create("keeps_cached_layer")
    digest = first.layers[0].layer.blob.digest
    workshop.store.blobs.path(digest).unlink()
    (workshop.cache.directory / "blobs" / "sha256" / digest.removeprefix("sha256:")).unlink()

    second = workshop.create("keeps_cached_layer")

    assert first.saved.digest == second.saved.digest
    assert workshop.store.blobs.path(digest).exists()


def test_create_needs_the_run_image(workshop: Workshop) -> None:
    """An unknown run image ends the build before any buildpack runs."""
    workshop.store.directory.joinpath("index.json").unlink()

    with pytest.raises(ImageNotFoundError) as error:
        workshop.create(_GROUP)

    assert "example/run:13" == error.value.reference
    assert [] == workshop.session.commands


@pytest.mark.requirement("platform.buildpack-environment.target")
def test_create_passes_on_the_run_images_target(workshop: Workshop) -> None:
    """Buildpacks see what the run image says of itself."""
    workshop.create("shows_environment")

    shown = set(workshop.output())
    assert {"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=amd64", "CNB_TARGET_DISTRO_NAME=debian"} <= shown


def test_exported_layer_says_how_it_came(workshop: Workshop) -> None:
    """The words of a layer follow from two facts."""
    layer = workshop.create("always_passes").layers[0]

    ways = {
        (reused, read): dataclasses.replace(layer, reused=reused, read=read).how
        for reused in (True, False)
        for read in (True, False)
    }
    assert {
        (True, True): "reused, same contents",
        (True, False): "reused, unchanged",
        (False, True): "new",
        (False, False): "new",
    } == ways
