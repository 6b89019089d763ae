"""Our buildpacks under the reference lifecycle, in containers of our build image: the same image."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.build.host_passage import CA_BUNDLE_INSIDE, CA_VARIABLES, find_ca_bundle, proxy_variables
from builder.images.builder_toml import read_builder
from lifecycle_py.spec.identifiers import directory_name
from tests.support.lifecycles import USER, Built, Site, open_site
from tests.support.offramp import APPS, Installation, free_port, get, installation, style_sheet_of
from tests.support.reference_programs import reference_programs
from tests.support.stack import debian_13

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("django")]

APP = "python_django"
_BUILD_IMAGE = "offramp-tests/build-image:debian-13"


@dataclass(frozen=True, slots=True)
class Containers:
    """The reference's phases, each in a container of our build image, as a platform runs them."""

    site: Site
    buildpacks: Path

    def run(self, phase: str, *arguments: str) -> str:
        """Run a phase to its end, which has to be a good one."""
        root = self.site.root
        mounts = {
            root / "layers": "/layers",
            root / "app": "/app",
            root / "platform": "/platform",
            root / "cache": "/cache",
            root / "launcher": "/cnb/launcher:ro",
            root / "run.toml": "/cnb/run.toml:ro",
            root / "order.toml": "/cnb/order.toml:ro",
            root / "ca.crt": f"{CA_BUNDLE_INSIDE}:ro",
            self.buildpacks: "/cnb/buildpacks:ro",
            reference_programs().phases: "/cnb/lifecycle:ro",
        }
        done = subprocess.run(
            [
                *("docker", "run", "--rm", "--network=host", f"--user={USER}:{USER}", "--env=CNB_PLATFORM_API=0.14"),
                *("--env=CNB_APP_DIR=/app", "--env=CNB_NO_COLOR=true"),
                *(f"--volume={source}:{target}" for source, target in mounts.items()),
                *(_BUILD_IMAGE, f"/cnb/lifecycle/{phase}", *arguments),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, f"{phase}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def build(self, image: str) -> Built:
        """Build the app in fresh directories."""
        self.site.renew()
        name = self.site.name(image)
        cache = ("-cache-dir", "/cache")
        said = {
            "analyzer": self.run("analyzer", name),
            "detector": self.run("detector"),
            "restorer": self.run("restorer", *cache),
            "builder": self.run("builder"),
            "exporter": self.run("exporter", *cache, "-launcher", "/cnb/launcher", name),
        }
        return self.site.read(image, said)


def _load_build_image(offramp: Installation) -> None:
    name = debian_13().build.reference.partition("@")[0]
    source = f"oci:{offramp.places.images}:{name}"
    subprocess.run(["skopeo", "copy", "--quiet", source, f"docker-daemon:{_BUILD_IMAGE}"], check=True)


def _order(buildpacks: Path) -> str:
    """Give the default order, with the versions that the reference asks for."""
    order = "[[order]]\n"
    for element in read_builder().order.groups[0]:
        (version,) = (path.name for path in (buildpacks / directory_name(element.id)).iterdir())
        optional = str(element.optional).lower()
        order += f'[[order.group]]\nid = "{element.id}"\nversion = "{version}"\noptional = {optional}\n'
    return order


def _let_through_to_the_network(site: Site) -> None:
    """Give the build what a user behind a proxy of a company gives it: certificates and proxies, as variables."""
    bundle = find_ca_bundle(os.environ)
    assert bundle is not None
    shutil.copyfile(bundle, site.root / "ca.crt")
    variables = {**proxy_variables(os.environ), **dict.fromkeys(CA_VARIABLES, str(CA_BUNDLE_INSIDE))}
    for name, value in variables.items():
        (site.root / "platform" / "env" / name).write_text(value)


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation that has built the shop once."""
    with installation() as one:
        one.build(APP, "shop")
        yield one


@pytest.fixture(scope="module")
def builds(offramp: Installation) -> Iterator[tuple[Containers, Built, Built]]:
    """The shop, built twice by the reference with the buildpacks Offramp has staged."""
    (buildpacks,) = (path for path in offramp.places.buildpacks.iterdir() if path.is_dir())
    _load_build_image(offramp)
    with open_site() as site:
        site.store.save(debian_13().run.image, [site.name("run")])
        shutil.rmtree(site.root / "source")
        shutil.copytree(APPS / APP, site.root / "source", ignore=shutil.ignore_patterns("__pycache__"))
        (site.root / "order.toml").write_text(_order(buildpacks))
        _let_through_to_the_network(site)
        containers = Containers(site, buildpacks)
        yield containers, containers.build("shop"), containers.build("shop")


@pytest.mark.requirement("platform.exporter.launch-layers")
def test_layers_are_those_of_offramp(offramp: Installation, builds: tuple[Containers, Built, Built]) -> None:
    """Every layer has the diff ID it has under Offramp, but for metadata.toml (spelt otherwise) and the SBOM."""
    _, reference, _ = builds
    ours = {layer.diff_id for layer in offramp.image("shop").image.layers}
    titles = dict(zip(reference.diff_ids, _titles(reference), strict=True))

    assert {"Software Bill-of-Materials", "Buildpacks Launcher Config"} == {
        title for diff_id, title in titles.items() if diff_id not in ours
    }
    assert len(titles) == len(ours)


def _titles(built: Built) -> list[str]:
    return [entry.get("created_by", "") for entry in built.config["history"]]


def test_second_build_keeps_everything(builds: tuple[Containers, Built, Built]) -> None:
    """With the reference's cache and image the buildpacks keep what they made, and the image is the same."""
    _, first, second = builds

    assert first.digest == second.digest
    assert "Reusing layer 'offramp/python:venv'" in second.said["exporter"]


def test_app_answers(builds: tuple[Containers, Built, Built]) -> None:
    """The image of the reference runs in Docker and serves its page and style sheet."""
    containers, _, _ = builds
    name, port = containers.site.name("shop"), free_port()
    start = ["docker", "run", "--detach", "--network=host", f"--env=PORT={port}", name]
    container = subprocess.run(start, capture_output=True, text=True, check=True).stdout.strip()
    try:
        status, page = get(f"http://127.0.0.1:{port}/")
        sheet, _ = get(f"http://127.0.0.1:{port}{style_sheet_of(page)}")
    finally:
        subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=True)

    assert (200, 200) == (status, sheet)
