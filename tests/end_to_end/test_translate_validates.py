"""``offramp translate`` on an image in a store: what it writes is valid on the newest versions of Kubernetes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import ProcessNameCollisionError
from builder.kubernetes.kubernetes_version import NEWEST, KubernetesVersion
from builder.kubernetes.manifests import manifests_of
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image
from tests.unit.builder.kubernetes.samples import SHOP, app_image, plan_of

pytestmark = pytest.mark.end_to_end

THREE_NEWEST = tuple(KubernetesVersion(NEWEST.minor - age) for age in range(3))
PULLED = "registry.example:5000/team/shop"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose image store holds 'shop'."""
    LayoutStore(tmp_path / "data" / "images").save(Image(config=app_image(SHOP)), ["shop:latest"])
    return tmp_path / "data"


def _offramp(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = (sys.executable, "-m", "builder.cli", *arguments)
    environment = {**os.environ, "OFFRAMP_DATA": str(data)}
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, cwd=data)


def _tree(directory: Path) -> Mapping[str, bytes]:
    return {str(one.relative_to(directory)): one.read_bytes() for one in directory.rglob("*") if one.is_file()}


def test_newest_version_is_the_newest_there_are_schemas_of() -> None:
    """A new version of Kubernetes asks for a look at its features, and for another NEWEST."""
    assert kubernetes_validate.latest_version().rpartition(".")[0] == str(NEWEST)


@pytest.mark.parametrize("version", THREE_NEWEST, ids=str)
def test_written_files_are_valid(data: Path, version: KubernetesVersion) -> None:
    """Every object that is written fits the strict schema of its version, unknown fields forbidden."""
    done = _offramp(
        data,
        "translate",
        "shop",
        "-o",
        "out",
        "--image",
        PULLED,
        "--kubernetes-version",
        str(version),
        "--scale",
        "worker=2",
    )
    assert done.returncode == 0, done.stderr
    files = [data / line for line in done.stdout.splitlines()]
    objects: list[Any] = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]

    assert sorted(_tree(data / "out")) == sorted(str(file.relative_to(data / "out")) for file in files)
    assert [one["kind"] for one in objects] == ["Job", "Deployment", "Service", "Deployment", "Deployment"]
    for one in objects:
        kubernetes_validate.validate(one, str(version), strict=True)


def test_validation_is_strict() -> None:
    """The schemas used here would notice a misspelt field."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"port": []}}

    with pytest.raises(kubernetes_validate.ValidationError, match="'port' was unexpected"):
        kubernetes_validate.validate(service, str(NEWEST), strict=True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.from_regex(r"\A[A-Za-z0-9._-]{1,80}\Z"), max_size=2), st.sampled_from(THREE_NEWEST))
def test_any_process_types_are_valid(types: set[str], version: KubernetesVersion) -> None:
    """Whatever an app's processes are called, its objects fit the schema."""
    try:
        manifests = manifests_of(plan_of({"web", "release", *types}), version)
    except ProcessNameCollisionError:
        return
    for manifest in manifests:
        for one in manifest.objects:
            kubernetes_validate.validate(dict(one), str(version), strict=True)


def test_second_run_writes_the_same_bytes(data: Path) -> None:
    """Output depends on the image and the options, not on the moment, the directory or what is there."""
    for directory in ("one", "two", "two"):
        assert _offramp(data, "translate", "shop", "-o", directory).returncode == 0

    assert _tree(data / "one") == _tree(data / "two")


def test_stdout_has_the_objects_and_nothing_else(data: Path) -> None:
    """Without -o the objects are on stdout, ready for a pipe; everything for people is on stderr."""
    done = _offramp(data, "translate", "shop")
    objects = list(yaml.safe_load_all(done.stdout))

    assert [one["kind"] for one in objects] == ["Job", "Deployment", "Service", "Deployment", "Deployment"]
    assert "the processes would not wait for the release" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("shop:lates",), 1, "Did you mean 'shop:latest'?"),
        (("shop", "--app", "9"), 2, "'9' cannot be the name of an app"),
        (("shop", "--scale", "worker"), 2, "Cannot read --scale 'worker'"),
        (("shop", "--scale", "celery-beat=2"), 2, "cannot run 2 times"),
        (("shop", "--image", "docker://x"), 2, "is not an image reference"),
        (("shop", "--kubernetes-version", "1.9"), 2, "the oldest version that output is checked for is 1.25"),
    ],
)
def test_bad_input(data: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    """Each error is in words, has its exit code, and nothing is written."""
    done = _offramp(data, "translate", *arguments, "-o", "out")

    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert not (data / "out").exists()
