"""An image's bill of materials in the two formats that tools read, equal bytes for equal images. Pure.

Formats: CycloneDX 1.5 JSON (ECMA-424), SPDX 2.3 JSON (ISO/IEC 5962).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from builder.supply_chain.components import Component

# Of CycloneDX 1.5; what another document calls its component's type may be newer.
_KINDS: Final = frozenset(
    {
        *("application", "framework", "library", "container", "platform", "operating-system", "device"),
        *("device-driver", "firmware", "file", "machine-learning-model", "data"),
    }
)
_NAMESPACE: Final = uuid.UUID("6f8f5a3e-5f0f-5d0f-9c39-2f0c1b0e7a11")


class SbomFormat(StrEnum):
    """A format of bills of materials."""

    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"

    @property
    def media_type(self) -> str:
        """Give the media type of its JSON."""
        return "application/vnd.cyclonedx+json" if self is SbomFormat.CYCLONEDX else "application/spdx+json"

    @property
    def file_name(self) -> str:
        """Give the usual name of a file of it."""
        return "sbom.cdx.json" if self is SbomFormat.CYCLONEDX else "sbom.spdx.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """The image a bill of materials is of. ``name`` has no tag; ``created`` is RFC 3339; ``tool`` is our version."""

    name: str
    digest: str
    created: str
    tool: str
    components: tuple[Component, ...]

    @property
    def id(self) -> uuid.UUID:
        """Give what identifies the document: the same for the same image made by the same tool."""
        return uuid.uuid5(_NAMESPACE, f"{self.name}@{self.digest} {self.tool}")

    @property
    def purl(self) -> str:
        """Give the image's package URL (purl-spec, type ``oci``)."""
        base = self.name.rpartition("/")[2]
        where = f"?repository_url={quote(self.name, safe='/:')}" if "/" in self.name else ""
        return f"pkg:oci/{quote(base, safe='')}@{quote(self.digest, safe='')}{where}"


def render(described: Described, sbom_format: SbomFormat) -> bytes:
    """Write the bill of materials."""
    document = _cyclonedx(described) if sbom_format is SbomFormat.CYCLONEDX else _spdx(described)
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _cyclonedx(image: Described) -> dict[str, Any]:
    names = _references(image.components)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{image.id}",
        "version": 1,
        "metadata": {
            "timestamp": image.created,
            "tools": {"components": [{"type": "application", "name": "offramp", "version": image.tool}]},
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": image.name,
                "version": image.digest,
                "purl": image.purl,
            },
        },
        "components": [
            _cyclonedx_component(component, name) for component, name in zip(image.components, names, strict=True)
        ],
        "dependencies": [{"ref": "image", "dependsOn": names}],
    }


def _cyclonedx_component(component: Component, reference: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": component.kind if component.kind in _KINDS else "library",
        "bom-ref": reference,
        "name": component.name,
    }
    if component.version:
        data["version"] = component.version
    if component.licenses:
        data["licenses"] = [{"license": {"name": text}} for text in component.licenses]
    if component.purl:
        data["purl"] = component.purl
    data["properties"] = [{"name": "offramp:layer", "value": origin} for origin in component.origins]
    return data


def _references(components: Sequence[Component]) -> list[str]:
    """Name each component uniquely within the document."""
    return [
        component.purl or f"{component.name}@{component.version}#{number}"
        for number, component in enumerate(components)
    ]


def _spdx(image: Described) -> dict[str, Any]:
    packages = [_spdx_package(component, number) for number, component in enumerate(image.components, start=1)]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")]
    relations += [("SPDXRef-Image", "CONTAINS", package["SPDXID"]) for package in packages]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": image.name,
        "documentNamespace": f"urn:uuid:{image.id}",
        "creationInfo": {"created": image.created, "creators": [f"Tool: offramp-{image.tool}"]},
        "packages": [_spdx_image(image), *packages],
        "relationships": [
            {"spdxElementId": one, "relationshipType": relation, "relatedSpdxElement": other}
            for one, relation, other in relations
        ],
    }


def _spdx_image(image: Described) -> dict[str, Any]:
    algorithm, _, value = image.digest.partition(":")
    return {
        "SPDXID": "SPDXRef-Image",
        "name": image.name,
        "versionInfo": image.digest,
        "primaryPackagePurpose": "CONTAINER",
        **_UNSAID,
        "checksums": [{"algorithm": algorithm.upper(), "checksumValue": value}],
        "externalRefs": [_spdx_purl(image.purl)],
    }


def _spdx_package(component: Component, number: int) -> dict[str, Any]:
    data: dict[str, Any] = {"SPDXID": f"SPDXRef-Package-{number}", "name": component.name}
    if component.version:
        data["versionInfo"] = component.version
    data |= _UNSAID
    if component.licenses:
        data["licenseComments"] = "; ".join(component.licenses)
    data["comment"] = f"in {', '.join(component.origins)}"
    if component.purl:
        data["externalRefs"] = [_spdx_purl(component.purl)]
    return data


def _spdx_purl(purl: str) -> dict[str, str]:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}


_UNSAID: Final[Mapping[str, Any]] = {
    "downloadLocation": "NOASSERTION",
    "filesAnalyzed": False,
    "licenseConcluded": "NOASSERTION",
    "licenseDeclared": "NOASSERTION",
    "copyrightText": "NOASSERTION",
}
