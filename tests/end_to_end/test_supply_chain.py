"""The how-to page on SBOMs and provenance, followed literally against a real registry; and what it promises."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docker_registry import DockerRegistry, run_registry
from tests.support.offramp import REPOSITORY, Installation, copy_app, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("push")]

APP = "python_django"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A real registry, which has no Referrers API."""
    with run_registry(tmp_path_factory.mktemp("registry")) as start:
        yield start()


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


@pytest.fixture(scope="module")
def followed(offramp: Installation, registry: DockerRegistry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which every command of the page was run."""
    directory = tmp_path_factory.mktemp("follow")
    app = copy_app(APP, directory / "app")
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(app))
    for arguments in (
        ("init", "--quiet"),
        ("remote", "add", "origin", "https://me:secret@example.com/shop.git"),
        ("add", "."),
        ("commit", "--quiet", "-m", "x"),
    ):
        subprocess.run([*git, *arguments], check=True)
    offramp.build(app, "shop")
    text = (REPOSITORY / "docs" / "how-to" / "supply-chain.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", "\n".join(blocks)],
        cwd=directory,
        env={**offramp.environ, "PATH": path, "REGISTRY": registry.host},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def _get(registry: DockerRegistry, path: str) -> Any:
    accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(f"http://{registry.host}/v2/team/{path}", headers={"Accept": accept})
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read())


def _referrers(registry: DockerRegistry, repository: str, digest: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _get(registry, f"{repository}/manifests/{digest.replace(':', '-')}")["manifests"]
    return found


def _names(file: Path) -> set[str]:
    document = json.loads(file.read_text())
    return {one["name"] for one in document.get("components") or document.get("packages")}


def test_bills_name_what_is_installed(followed: Path) -> None:
    """The app's own libraries, the interpreter's base and Debian's packages, in both formats alike."""
    for file in ("shop.cdx.json", "shop.spdx.json", "bills/sbom.cdx.json", "bills/sbom.spdx.json"):
        assert {"Django", "libc6", "ca-certificates"} <= _names(followed / file), file
    assert (followed / "shop.cdx.json").read_bytes() == (followed / "bills" / "sbom.cdx.json").read_bytes()


def test_pushed_image_has_its_documents(followed: Path, offramp: Installation, registry: DockerRegistry) -> None:
    """Three referrers of the very manifest the tag leads to."""
    digest = offramp.run("build", followed / "app", "-t", f"{registry.host}/team/shop:1", "--push").stdout.strip()
    digest = digest.partition("@")[2]

    entries = _referrers(registry, "shop", digest)

    assert ["application/spdx+json", "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"] == sorted(
        entry["artifactType"] for entry in entries
    )
    for entry in entries:
        manifest = _get(registry, f"shop/manifests/{entry['digest']}")
        assert (digest, entry["artifactType"]) == (manifest["subject"]["digest"], manifest["artifactType"])


def test_attached_bill_is_the_one_that_is_shown(followed: Path, registry: DockerRegistry) -> None:
    """``offramp sbom`` gives the attached document as it is."""
    pushed = json.loads((followed / "pushed.cdx.json").read_text())

    assert f"{registry.host}/team/shop" == pushed["metadata"]["component"]["name"]
    assert "Django" in _names(followed / "pushed.cdx.json")


def test_provenance_tells_the_source_and_no_secret(
    followed: Path, offramp: Installation, registry: DockerRegistry
) -> None:
    """Commit, remote without password, base images by digest, names of variables without their values."""
    name = f"{registry.host}/team/told:1"
    done = offramp.run("build", followed / "app", "-t", name, "--push", "--env", "API_KEY=t0p-secret")
    digest = done.stdout.strip().partition("@")[2]
    (entry,) = (one for one in _referrers(registry, "told", digest) if one["artifactType"].endswith("in-toto+json"))
    manifest = _get(registry, f"told/manifests/{entry['digest']}")
    statement = _get(registry, f"told/blobs/{manifest['layers'][0]['digest']}")

    text = json.dumps(statement)
    definition = statement["predicate"]["buildDefinition"]
    source, build_image, run_image, *buildpacks = definition["resolvedDependencies"]
    assert [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}] == statement["subject"]
    assert "git+https://example.com/shop.git" == source["uri"]
    assert ["build image", "run image"] == [build_image["name"], run_image["name"]]
    assert 64 == len(run_image["digest"]["sha256"])
    assert any(one["name"].startswith("offramp/python@") for one in buildpacks)
    assert ["API_KEY"] == definition["externalParameters"]["variables"]
    assert not [secret for secret in ("t0p-secret", "me:secret") if secret in text]


def test_pushing_again_attaches_nothing_new(followed: Path, offramp: Installation, registry: DockerRegistry) -> None:
    """The same build has the same documents."""
    name = f"{registry.host}/team/again:1"
    digests = [
        offramp.run("build", followed / "app", "-t", name, "--push").stdout.strip().partition("@")[2] for _ in range(2)
    ]

    assert digests[0] == digests[1]
    assert 3 == len(_referrers(registry, "again", digests[0]))


def test_without_attestations_the_image_is_alone(
    followed: Path, offramp: Installation, registry: DockerRegistry
) -> None:
    """``--no-attestations``."""
    offramp.run("build", followed / "app", "-t", f"{registry.host}/team/alone:1", "--push", "--no-attestations")

    assert ["1"] == _get(registry, "alone/tags/list")["tags"]


def test_a_layout_keeps_its_documents(followed: Path, offramp: Installation, tmp_path: Path) -> None:
    """``--attestations`` with a layout: they are found there, and the image still is."""
    offramp.run("build", followed / "app", "-t", "shop", "-o", f"oci:{tmp_path / 'layout'}", "--attestations")
    types = [
        one.get("artifactType") for one in json.loads((tmp_path / "layout" / "index.json").read_text())["manifests"]
    ]

    assert 3 == len([one for one in types if one])
    assert "Django" in offramp.run("sbom", f"oci:{tmp_path / 'layout'}").stdout
    inspect = ["skopeo", "inspect", f"oci:{tmp_path / 'layout'}:shop:latest"]
    assert "Digest" in json.loads(subprocess.run(inspect, check=True, capture_output=True).stdout)
