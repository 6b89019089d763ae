"""The releases of Go this buildpack knows, from inventory.toml beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.sdk import Version, parse_version, read_toml

_FILE = Path(__file__).parent / "inventory.toml"
_FIRST_WITH_ZERO = (1, 21)  # before, the first release of a line was called go1.20, not go1.20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GoInventory:
    """``newest`` maps lines such as (1, 26) to their newest patch; ``sums`` names of toolchains to their h1 sums."""

    newest: Mapping[tuple[int, int], int]
    sums: Mapping[str, str]

    @property
    def releases(self) -> tuple[Version, ...]:
        """Give every known release, oldest first."""
        return tuple(Version((*line, patch)) for line, last in sorted(self.newest.items()) for patch in range(last + 1))

    @property
    def newest_release(self) -> Version:
        """Give the newest release of all."""
        return self.releases[-1]


def read_go_inventory(file: Path = _FILE) -> GoInventory:
    """Read the inventory; a damaged one is a fault of ours."""
    document = read_toml(file)
    newest: dict[tuple[int, int], int] = {}
    for table in document.tables("lines"):
        major, minor = parse_version(table.text("line")).numbers
        newest[major, minor] = table.integer("newest")
    return GoInventory(newest=newest, sums={table.text("name"): table.text("sum") for table in document.tables("sums")})


def go_name(version: Version) -> str:
    """Give the name Go itself uses: ``go1.26.3``, ``go1.20`` (the first of an old line), ``go1.28rc1``."""
    numbers = version.numbers
    if version.pre:
        return f"go{'.'.join(map(str, numbers[:2]))}{version.pre}"
    if numbers[:2] < _FIRST_WITH_ZERO and numbers[2:] == (0,):
        numbers = numbers[:2]
    return f"go{'.'.join(map(str, numbers))}"
