"""The layer with Node.js and npm.

By default both are npm's own packages: Node's from the inventory, with the checksum it has; npm in the version that
package.json names, or that belongs to the line. OFFRAMP_NODE_SOURCE names nodejs.org's archives or a mirror of them,
NODE_BINARY_URL one archive.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from buildpacks.nodejs.errors import InvalidNodeArchiveError, UnverifiableNodeError
from buildpacks.nodejs.inventory import NodeInventory
from buildpacks.nodejs.node_version import ChosenNode
from buildpacks.nodejs.registry import install_package, registry_of
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    Component,
    Layer,
    LayerTypes,
    Version,
    cyclonedx,
    shown,
)

SOURCE, BINARY_URL = "OFFRAMP_NODE_SOURCE", "NODE_BINARY_URL"
_TYPES = LayerTypes(build=True, cache=True, launch=True)
_LAYOUT = 1  # raise it when the same Node would be laid out differently
_ARCHES = {"amd64": "x64", "arm64": "arm64"}
_LEFT_OUT = ("CHANGELOG.md", "README.md", "package.json", "share")


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeKey:
    """What the layer's contents depend on."""

    version: str = shown("Node.js version")
    source: str = shown("source of Node.js")
    target: str = shown("target")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledNode:
    """The app's Node.js."""

    layer: Layer
    version: Version
    target: str

    @property
    def program(self) -> Path:
        """Give the program."""
        return self.layer.path / "bin" / "node"


def install_node(context: BuildContext, chosen: ChosenNode, inventory: NodeInventory) -> InstalledNode:
    """Install Node.js, or find it in the cache.

    Raises:
        IntegrityError: the download is another file; nothing was unpacked.
        UnverifiableNodeError, InvalidNodeArchiveError: of NODE_BINARY_URL.
    """
    url = context.user_env.get(BINARY_URL, "").strip()
    source = context.user_env.get(SOURCE, "").strip().rstrip("/")
    key = NodeKey(
        version=str(chosen.version),
        source=url or source or "npm",
        target=f"{context.target.os}/{context.target.arch}",
        layout=_LAYOUT,
    )
    layer = context.layer("node", key, types=_TYPES)
    context.output.state(f"Node.js {chosen.version}", layer.state)
    if not layer.is_restored:
        with context.output.timed(f"Installing Node.js {chosen.version}"):
            if url:
                _install_archive(url, layer.path)
            elif source:
                _install_released(context, source, chosen.version, layer.path)
            else:
                _install_package(context, chosen.version, inventory, layer.path)
    layer.env = layer.env.default("npm_config_nodedir", layer.path)
    purl = f"pkg:generic/node@{chosen.version}"
    layer.sboms[CYCLONEDX] = cyclonedx(
        [Component(name="node", version=str(chosen.version), purl=purl, kind="application")]
    )
    return InstalledNode(layer=layer, version=chosen.version, target=key.target)


def _install_package(context: BuildContext, version: Version, inventory: NodeInventory, to: Path) -> None:
    arch = context.target.arch
    package = f"node-{context.target.os}-{_ARCHES.get(arch, arch)}"
    install_package(registry_of(context), package, str(version), inventory.releases[version][arch], to)
    for name in _LEFT_OUT:
        path = to / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (to / "bin" / "node").chmod(0o755)


def _install_released(context: BuildContext, source: str, version: Version, to: Path) -> None:
    """Install an archive as nodejs.org has it, by the checksum in the list beside it."""
    from buildpacks.sdk import fetch

    arch = _ARCHES.get(context.target.arch, context.target.arch)
    name = f"node-v{version}-{context.target.os}-{arch}.tar.xz"
    listing = f"{source}/v{version}/SHASUMS256.txt"
    sums = fetch(listing).decode(errors="replace")
    sha256 = next((line.split()[0] for line in sums.splitlines() if line.endswith(f" {name}")), "")
    if not sha256:
        raise UnverifiableNodeError(url=f"{source}/v{version}/{name}", listing=listing)
    _unpack_archive(f"{source}/v{version}/{name}", sha256, to)


def _install_archive(url: str, to: Path) -> None:
    address, _, sha256 = url.partition("#sha256=")
    _unpack_archive(address, sha256, to)


def _unpack_archive(url: str, sha256: str, to: Path) -> None:
    from buildpacks.sdk import download, unpack

    if not sha256:
        raise UnverifiableNodeError(url=url)
    with tempfile.TemporaryDirectory() as directory:
        unpack(download(url, sha256, Path(directory) / "node"), to, strip_components=1)
    if not (to / "bin" / "node").is_file():
        raise InvalidNodeArchiveError(url=url)
    # npm is a layer's of its own here, in the version the app asks for.
    for name in ("bin/npm", "bin/npx", "bin/corepack"):
        (to / name).unlink(missing_ok=True)
    for name in ("lib/node_modules", *_LEFT_OUT):
        path = to / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
