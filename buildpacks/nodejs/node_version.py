"""Which Node.js an app asks for: ``engines.node`` of package.json, or the recommended line. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from buildpacks.nodejs.errors import InvalidEngineError, NodeDoesNotExistError
from buildpacks.nodejs.inventory import NodeInventory
from buildpacks.sdk import Version, VersionSyntaxError, nearest_versions, parse_request, parse_version

DEFAULT, ENGINES = "the recommended line", "engines.node in package.json"
_NOTICE = timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenNode:
    """The version a build uses, who asked for it, and what a wide range would have given without its limit."""

    version: Version
    origin: str
    instead_of: str = ""


def choose_node(engine: str, inventory: NodeInventory, arch: str) -> ChosenNode:
    """Choose the newest release that satisfies a range; one that is open to the future ends at the recommended line.

    Raises:
        InvalidEngineError: the text is no range.
        NodeDoesNotExistError: no release satisfies it.
    """
    releases = [version for version, sums in inventory.releases.items() if arch in sums]
    recommended = [version for version in releases if version.numbers[0] <= inventory.recommended]
    if not engine.strip():
        line = [version for version in releases if version.numbers[0] == inventory.recommended]
        return ChosenNode(version=_newest(line), origin=DEFAULT)
    try:
        request = parse_request(engine)
    except VersionSyntaxError:
        raise InvalidEngineError(engine="node", value=engine) from None
    newest, limited = request.newest(releases), request.newest(recommended)
    if newest is None:
        raise NodeDoesNotExistError(request=engine, nearest=_nearest(engine, releases))
    if limited is None or limited == newest:
        return ChosenNode(version=newest, origin=f"{ENGINES}: {engine}")
    return ChosenNode(version=limited, origin=f"{ENGINES}: {engine}", instead_of=str(newest))


def version_warnings(version: Version, inventory: NodeInventory, today: date) -> list[tuple[str, str]]:
    """Give each warning about a version: what it is, and what to do."""
    line = version.numbers[0]
    end = inventory.ends.get(line)
    advice = f'Ask for "{inventory.recommended}.x" in engines.node of package.json.'
    if end is None:
        # Odd lines, and those from before the list, have had no fixes for long.
        newest = max(inventory.ends)
        return [] if line > newest else [(f"Node.js {line} gets no security fixes any more", advice)]
    if today > end:
        return [(f"Node.js {line} gets no security fixes since {end:%B %Y}", advice)]
    if today > end - _NOTICE:
        return [(f"Node.js {line} gets its last security fixes in {end:%B %Y}", advice)]
    return []


def _newest(versions: Iterable[Version]) -> Version:
    return max(versions, key=lambda version: version.sort_key)


def _nearest(text: str, releases: Iterable[Version]) -> tuple[str, ...]:
    digits = "".join(char if char.isdigit() or char == "." else " " for char in text).split()
    try:
        wanted = parse_version(digits[0].strip(".")) if digits else Version((0,))
    except VersionSyntaxError:
        wanted = Version((0,))
    return tuple(str(one) for one in nearest_versions(wanted, releases))
