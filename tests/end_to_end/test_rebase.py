"""Rebasing where images are kept: in a registry no layer is sent, in the local store nothing is copied."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layer_tar import ROOT, file_tar
from lifecycle_py.oci.model import Descriptor, Image, MediaType, serialize
from lifecycle_py.oci.referrers import Artifact
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry_store import RegistryStore
from lifecycle_py.oci.store import ImageStore
from tests.support.docker_registry import DockerRegistry, run_registry
from tests.support.offramp import Installation, installation
from tests.support.phase_programs import BuilderImage
from tests.support.workshop import APP_IMAGE, RUN_IMAGE, Workshop

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[DockerRegistry]:
    """A registry of this test's own."""
    with run_registry(tmp_path / "registry") as start:
        yield start()


@pytest.fixture
def offramp() -> Iterator[Installation]:
    """An installation of this test's own."""
    with installation() as own:
        yield own


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A place where an app image is built."""
    return Workshop(tmp_path / "workshop")


@pytest.fixture
def store(registry: DockerRegistry, workshop: Workshop) -> RegistryStore:
    """The registry with an app image, the run image it was built on, and a newer one in a repository of its own."""
    workshop.create("two_processes")
    registries = RegistryStore(RegistrySettings(default_host=registry.host), Keychain({}))
    copy(workshop.store, RUN_IMAGE, registries, "bases/old:1")
    copy(workshop.store, APP_IMAGE, registries, "team/app:1")
    run = workshop.store.find(RUN_IMAGE)
    assert run is not None
    layer = workshop.store.blobs.write_layer(file_tar("/base", b"newer", mode=0o644, owner=ROOT))
    registries.save(dataclasses.replace(run.image, layers=(layer,)), ["bases/new:1"])
    return registries


def copy(source: ImageStore, name: str, target: ImageStore, new_name: str) -> None:
    """Copy an image from store to store."""
    found = source.find(name)
    assert found is not None
    target.save(found.image, [new_name])


def find(store: ImageStore, name: str) -> Image:
    """Give an image that has to be there."""
    found = store.find(name)
    assert found is not None
    return found.image


def uploads(registry: DockerRegistry, before: int) -> list[tuple[str, str]]:
    """Give the requests since ``before`` that sent a blob's bytes."""
    return [one for one in registry.requests()[before:] if one[0] in {"PATCH", "PUT"} and "/blobs/" in one[1]]


def test_a_rebase_in_a_registry_sends_no_layer(
    registry: DockerRegistry, store: RegistryStore, offramp: Installation
) -> None:
    """The new base is mounted from its repository; what is sent is the configuration and the manifest."""
    before, asked = find(store, "team/app:1"), len(registry.requests())
    app, base = f"docker://{registry.host}/team/app:1", f"docker://{registry.host}/bases/new:1"
    refused = offramp.run("rebase", app, "--run-image", base, code=None)
    done = offramp.run("rebase", app, "--run-image", base, "--force")
    after = find(store, "team/app:1")

    assert (1, True) == (refused.code != 0, "--force" in refused.stderr)
    assert [one.diff_id for one in find(store, "bases/new:1").layers] == [after.layers[0].diff_id]
    assert [one.diff_id for one in before.layers[1:]] == [one.diff_id for one in after.layers[1:]]
    sent = uploads(registry, asked)
    assert 1 == len([one for one in sent if one[0] == "PUT"]), sent
    assert "mount=" in str(registry.requests()[asked:])
    assert f"{registry.host}/team/app:1@sha256:" in done.stdout


@pytest.mark.requirement("platform.rebaser.report")
def test_the_rebaser_program_writes_a_report(registry: DockerRegistry, store: RegistryStore, tmp_path: Path) -> None:
    """``-force`` and several names: all have the same image, and report.toml says its digest."""
    builder = BuilderImage.make(tmp_path / "builder")
    names = [f"{registry.host}/team/app:{tag}" for tag in ("1", "rebased")]
    flags = ["-run-image", f"{registry.host}/bases/new:1", "-force", "-report", str(builder.path("report.toml"))]
    done = builder.run_as_we_are("rebase", *flags, *names, CNB_USER_ID="0", CNB_GROUP_ID="0")
    report = tomllib.loads(builder.path("report.toml").read_text())
    found = [store.find(name) for name in names]

    assert 0 == done.returncode, done.stderr
    assert [report["image"]["digest"]] * 2 == [one.digest for one in found if one]
    assert names == report["image"]["tags"]


@pytest.mark.requirement("platform.rebaser.exit-codes")
def test_the_rebaser_program_refuses_with_72(registry: DockerRegistry, store: RegistryStore, tmp_path: Path) -> None:
    """A base the image was not built for: the code of the rebase phase, and nothing written."""
    builder = BuilderImage.make(tmp_path / "builder")
    digest = find(store, "team/app:1").config
    flags = ["-run-image", f"{registry.host}/bases/new:1", "-report", str(builder.path("report.toml"))]
    done = builder.run_as_we_are("rebase", *flags, f"{registry.host}/team/app:1", CNB_USER_ID="0", CNB_GROUP_ID="0")

    assert 72 == done.returncode
    assert "was built for" in done.stderr
    assert not builder.path("report.toml").exists()
    assert digest == find(store, "team/app:1").config


def test_a_rebased_image_has_documents_if_it_had_some(
    registry: DockerRegistry, store: RegistryStore, offramp: Installation
) -> None:
    """New ones, that name the image before and the new base; and none where there were none."""
    app = store.find("team/app:1")
    assert app is not None
    command = ("rebase", f"docker://{registry.host}/team/app:1", "--force", "--run-image")
    base = f"docker://{registry.host}/bases/new:1"
    offramp.run(*command, base, "-t", f"{registry.host}/team/app:bare")
    bare = store.find("team/app:bare")
    assert bare is not None
    without = store.attached("team/app:bare", bare.digest)
    manifest = serialize(app.image).manifest
    subject = Descriptor(media_type=MediaType.MANIFEST, digest=app.digest, size=len(manifest))
    store.attach("team/app:1", subject, [Artifact(media_type="application/spdx+json", data=b"{}")])

    offramp.run(*command, base, "-t", f"{registry.host}/team/app:known")

    found = store.attached("team/app:known", bare.digest)
    assert ((), 3) == (without, len(found))
    statement = json.loads(found[-1].read())["predicate"]["buildDefinition"]
    digests = {one["name"]: one["digest"]["sha256"] for one in statement["resolvedDependencies"]}
    assert ("urn:offramp:rebase:v1", app.digest[7:]) == (statement["buildType"], digests["app image"])
    assert {"app image", "run image"} == set(digests)
