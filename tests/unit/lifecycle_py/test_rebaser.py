"""Putting an app image on a newer base, and refusing to where that is not safe."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle_py.errors import NotRebasableError
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import History, Image, ImageConfig
from lifecycle_py.output import Kind
from lifecycle_py.rebaser import Rebased, RebaseInputs, rebase
from tests.support.workshop import APP_IMAGE, RUN_IMAGE, Workshop

DEBIAN = {"io.buildpacks.base.distro.name": "debian", "io.buildpacks.base.distro.version": "13"}
NEWER = "example/run:14"


@pytest.fixture
def app(workshop: Workshop) -> Workshop:
    """A workshop with an app image in its store, and a newer run image beside it."""
    workshop.create("two_processes")
    save_base(workshop, NEWER)
    return workshop


def save_base(workshop: Workshop, name: str, **config: Any) -> None:
    """Save a run image of one layer that is like no other."""
    layer = workshop.store.blobs.write_layer(file_tar("/base", name.encode(), mode=0o644, owner=ROOT))
    before = found(workshop, RUN_IMAGE).config
    history = (History(created="2026-01-01T00:00:00Z", created_by="base"),)
    made = dataclasses.replace(before, history=history, **config)
    workshop.store.save(Image(config=made, layers=(layer,)), [name])


def rebased(workshop: Workshop, run_image: str = NEWER, *, force: bool = True, output: str = APP_IMAGE) -> Rebased:
    """Rebase the workshop's app image."""
    inputs = RebaseInputs(references=(output,), previous_image=APP_IMAGE, run_image=run_image, force=force)
    return rebase(inputs, store=workshop.store, run_image_store=workshop.store, reporter=workshop.reporter)


def found(workshop: Workshop, name: str = APP_IMAGE) -> Image:
    """Give an image of the store."""
    image = workshop.store.find(name)
    assert image is not None
    return image.image


def digest_of(workshop: Workshop) -> str:
    """Give the digest the app image's name has."""
    image = workshop.store.find(APP_IMAGE)
    assert image is not None
    return image.digest


def diff_ids(image: Image) -> list[str]:
    """Give an image's layers by their contents."""
    return [layer.diff_id for layer in image.layers]


def test_only_the_base_is_replaced(app: Workshop) -> None:
    """The app's own layers, their history and the rest of the configuration stay."""
    before, base = found(app), found(app, NEWER)
    old_base = len(found(app, RUN_IMAGE).layers)
    digest = digest_of(app)
    rebased(app, output="example/app:rebased")
    after = found(app, "example/app:rebased")

    assert diff_ids(base) + diff_ids(before)[old_base:] == diff_ids(after)
    own = len(before.layers) - old_base
    assert (*base.config.history, *before.config.history[-own:]) == after.config.history
    assert (before.config.entrypoint, before.config.env) == (after.config.entrypoint, after.config.env)
    assert digest == digest_of(app)


def test_the_label_names_the_new_base(app: Workshop) -> None:
    """A next rebase, and a next build, find their way; what we do not know of the label is kept."""
    unknown = found(app)
    label = json.loads(unknown.config.labels["io.buildpacks.lifecycle.metadata"]) | {"of-the-future": [1]}
    labels = {**unknown.config.labels, "io.buildpacks.lifecycle.metadata": json.dumps(label)}
    app.store.save(dataclasses.replace(unknown, config=dataclasses.replace(unknown.config, labels=labels)), [APP_IMAGE])
    done = rebased(app)
    after = json.loads(found(app).config.labels["io.buildpacks.lifecycle.metadata"])

    assert [1] == after["of-the-future"]
    assert {
        "topLayer": found(app, NEWER).layers[-1].diff_id,
        "reference": done.run_image.reference,
        "image": NEWER,
    } == after["runImage"]
    assert {"runImage": {"image": NEWER}} == after["stack"]


def test_labels_of_the_base_are_the_new_base_s(app: Workshop) -> None:
    """``io.buildpacks.base.*`` and ``io.buildpacks.stack.*`` follow the base, all others stay."""
    save_base(app, NEWER, labels={**DEBIAN, "io.buildpacks.base.released": "2026", "other": "x"})
    rebased(app)
    labels = found(app).config.labels

    assert ("2026", "13") == (labels["io.buildpacks.base.released"], labels["io.buildpacks.base.distro.version"])
    assert "other" not in labels
    assert "io.buildpacks.build.metadata" in labels


def test_the_usual_base_needs_no_force(app: Workshop) -> None:
    """Without a run image named, it is the one the app was built for, in its newest version."""
    save_base(app, RUN_IMAGE)
    inputs = RebaseInputs(references=(APP_IMAGE,))
    rebase(inputs, store=app.store, run_image_store=app.store, reporter=app.reporter)

    assert diff_ids(found(app, RUN_IMAGE))[0] == diff_ids(found(app))[0]


@pytest.mark.requirement("platform.rebaser.same-target")
@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"architecture": "s390x"}, "linux/s390x"),
        ({"labels": DEBIAN | {"io.buildpacks.base.distro.version": "14"}}, "debian 14"),
    ],
)
def test_another_kind_of_base_needs_force(app: Workshop, config: dict[str, Any], problem: str) -> None:
    """Another architecture or distribution is refused; forced, it is done with a warning."""
    with_distro = found(app)
    labelled = dataclasses.replace(with_distro.config, labels={**with_distro.config.labels, **DEBIAN})
    app.store.save(dataclasses.replace(with_distro, config=labelled), [APP_IMAGE])
    save_base(app, RUN_IMAGE, **config)

    with pytest.raises(NotRebasableError, match=problem):
        rebased(app, RUN_IMAGE, force=False)
    rebased(app, RUN_IMAGE)
    assert any(problem in text for text in app.reporter.texts(Kind.WARNING))


@pytest.mark.requirement("platform.rebaser.known-run-image")
def test_a_base_of_another_name_needs_force(app: Workshop) -> None:
    """The app was built for one image and its mirrors."""
    with pytest.raises(NotRebasableError, match="was built for example/run:13"):
        rebased(app, NEWER, force=False)


@pytest.mark.requirement("platform.rebaser.not-rebasable")
def test_an_image_that_says_so_is_not_rebased(app: Workshop) -> None:
    """``io.buildpacks.rebasable=false`` is what an extension leaves."""
    image = found(app)
    labels = {**image.config.labels, "io.buildpacks.rebasable": "false"}
    app.store.save(dataclasses.replace(image, config=dataclasses.replace(image.config, labels=labels)), [APP_IMAGE])
    save_base(app, RUN_IMAGE)

    with pytest.raises(NotRebasableError, match="not marked as rebasable"):
        rebased(app, RUN_IMAGE, force=False)


@pytest.mark.parametrize(
    "label",
    ["", "{", "[]", "{}", '{"runImage": []}', '{"runImage": {"topLayer": "sha256:none"}}', '{"runImage":{},"stack":1}'],
)
def test_what_no_lifecycle_made_is_not_rebased(app: Workshop, label: str) -> None:
    """A label that is missing, broken, or of another image is an error, not a traceback; nothing is saved."""
    image = found(app)
    labels = {**image.config.labels, "io.buildpacks.lifecycle.metadata": label}
    app.store.save(dataclasses.replace(image, config=dataclasses.replace(image.config, labels=labels)), [APP_IMAGE])
    digest = digest_of(app)

    with pytest.raises(NotRebasableError):
        rebased(app)
    assert digest == digest_of(app)


def test_missing_images_are_named(app: Workshop) -> None:
    """Neither the app image nor the run image may be missing."""
    with pytest.raises(ImageNotFoundError, match="example/run:15"):
        rebased(app, "example/run:15")
    inputs = RebaseInputs(references=("no/app",), run_image=NEWER)
    with pytest.raises(ImageNotFoundError, match="no/app"):
        rebase(inputs, store=app.store, run_image_store=app.store, reporter=app.reporter)


STACK = {"io.buildpacks.stack.id": "some.stack", "io.buildpacks.stack.mixins": '["git", "build:make", "run:curl"]'}


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        (STACK, ""),
        (STACK | {"io.buildpacks.stack.mixins": '["git", "curl", "more"]'}, ""),
        (STACK | {"io.buildpacks.stack.mixins": '["git"]'}, "lacks the mixins curl"),
        (STACK | {"io.buildpacks.stack.id": "other.stack"}, "not compatible"),
        ({}, "does not say which stack"),
    ],
)
def test_older_images_are_held_to_their_stack(tmp_path: Path, base: dict[str, str], problem: str) -> None:
    """Images of Platform API before 0.12 know stacks and mixins, and force does not help them."""
    store = LayoutStore(tmp_path)
    layer = store.blobs.write_layer(file_tar("/base", b"", mode=0o644, owner=ROOT))
    label = {"runImage": {"topLayer": layer.diff_id, "reference": "x"}, "stack": {"runImage": {"image": "run"}}}
    labels = {**STACK, "io.buildpacks.lifecycle.metadata": json.dumps(label)}
    config = ImageConfig(labels=labels, env=("CNB_PLATFORM_API=0.11",))
    store.save(Image(config=config, layers=(layer,)), ["app"])
    store.save(Image(config=ImageConfig(labels=base), layers=(layer,)), ["run"])
    reporter = Workshop(tmp_path / "workshop").reporter
    inputs = RebaseInputs(references=("app",), force=True)

    if problem:
        with pytest.raises(NotRebasableError, match=problem):
            rebase(inputs, store=store, run_image_store=store, reporter=reporter)
    else:
        rebase(inputs, store=store, run_image_store=store, reporter=reporter)
