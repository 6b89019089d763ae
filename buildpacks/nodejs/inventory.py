"""What is known about Node.js: its releases with their checksums, its lines, and the package managers that fit.

``inventory.toml`` is written by ``tools/update-node-inventory``; ``releases.toml`` is kept by hand. A build needs no
network to choose a version, and gets the same one until Offramp itself is updated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from buildpacks.sdk import Version, parse_version, read_toml

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A package manager in a version, with the integrity of its tarball as npm writes it (``sha512-…``)."""

    name: str
    version: str
    integrity: str = ""
    since: int = 0

    @property
    def package(self) -> str:
        """Name its package: Yarn is another one since it is written anew."""
        is_berry = self.name == "yarn" and not self.version.startswith("1.")
        return "@yarnpkg/cli-dist" if is_berry else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeInventory:
    """``releases``: version → processor → integrity. ``ends``: line → the last day on which it gets security fixes."""

    releases: Mapping[Version, Mapping[str, str]]
    ends: Mapping[int, date]
    recommended: int
    tools: tuple[Tool, ...]

    def tool(self, name: str, node: Version) -> Tool:
        """Give the version of a package manager for a Node, where the app names none."""
        fitting = [one for one in self.tools if one.name == name and one.since <= node.numbers[0]]
        return max(fitting, key=lambda one: one.since)

    def known(self, name: str, version: str) -> Tool | None:
        """Find a package manager in a version among those whose integrity is known."""
        return next((one for one in self.tools if (one.name, one.version) == (name, version)), None)


def read_node_inventory(directory: Path = _HERE) -> NodeInventory:
    """Read both files."""
    lines = read_toml(directory / "releases.toml")
    return NodeInventory(
        releases={
            parse_version(table.text("version")): {
                arch: table.text(arch) for arch in ("amd64", "arm64") if arch in table.data
            }
            for table in read_toml(directory / "inventory.toml").tables("releases")
        },
        ends={int(table.data["line"]): table.data["end_of_life"] for table in lines.tables("lines")},
        recommended=int(lines.data["recommended"]),
        tools=tuple(
            Tool(
                name=table.text("name"),
                version=table.text("version"),
                integrity=table.text("integrity"),
                since=int(table.data["since"]),
            )
            for table in lines.tables("tools")
        ),
    )
