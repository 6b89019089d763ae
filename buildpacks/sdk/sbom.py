"""A bill of materials in CycloneDX, the same bytes for the same components: no clock, no random serial number."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

CYCLONEDX = "cdx.json"


@dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Component:
    """A library or a program. ``purl`` is its package URL, such as ``pkg:pypi/django@5.2.1``."""

    name: str
    version: str
    purl: str = ""
    kind: str = "library"
    license: str = ""


def cyclonedx(components: Iterable[Component]) -> bytes:
    """Give the CycloneDX 1.5 document of the components, sorted and without duplicates."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [_component(one) for one in sorted(set(components))],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _component(one: Component) -> dict[str, object]:
    table: dict[str, object] = {"type": one.kind, "name": one.name, "version": one.version}
    if one.purl:
        table |= {"bom-ref": one.purl, "purl": one.purl}
    if one.license:
        table["licenses"] = [{"license": {"name": one.license}}]
    return table
