"""Components of an image, and reading them from the bills of materials that buildpacks leave. Pure.

Formats: CycloneDX 1.x JSON, SPDX 2.x JSON, Syft JSON (reference/cnb.md §b.15).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from builder.stacks.packages import Package


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Component:
    """Something in an image. ``purl`` is its package URL, or empty; ``origins`` say which layers it was found in."""

    name: str
    version: str = ""
    purl: str = ""
    kind: str = "library"
    licenses: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


def merge(components: Iterable[Component]) -> tuple[Component, ...]:
    """Put components in order, each once; what was found in several layers names them all."""
    merged: dict[tuple[str, ...], Component] = {}
    for component in components:
        key = (component.purl,) if component.purl else (component.name, component.version, component.kind)
        before = merged.get(key, component)
        merged[key] = dataclasses.replace(
            min(before, component),
            licenses=tuple(sorted({*before.licenses, *component.licenses})),
            origins=tuple(sorted({*before.origins, *component.origins})),
        )
    return tuple(sorted(merged.values()))


def read_bill(extension: str, document: Mapping[str, Any], origin: str) -> tuple[Component, ...]:
    """Read the components of a bill of materials.

    Args:
        extension: which format it is: ``cdx.json``, ``spdx.json`` or ``syft.json``.
        document: its JSON.
        origin: the layer it belongs to.

    What is no bill of that format has no components.
    """
    try:
        found = tuple(_READERS[extension](document))
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()
    return tuple(dataclasses.replace(component, origins=(origin,)) for component in found if component.name)


def debian_component(package: Package, distro: str, release: str) -> Component:
    """Give a distribution's package as a component, with its package URL (purl-spec, type ``deb``)."""
    version = quote(package.version, safe=":~.-_")
    qualifiers = f"arch={package.architecture}" + (f"&distro={distro}-{release}" if release else "")
    return Component(
        name=package.name,
        version=package.version,
        purl=f"pkg:deb/{distro or 'debian'}/{quote(package.name, safe='')}@{version}?{qualifiers}",
        origins=("run image",),
    )


def _read_cyclonedx(document: Mapping[str, Any]) -> Iterator[Component]:
    waiting = list(reversed(document.get("components") or ()))
    while waiting:
        one = waiting.pop()
        waiting.extend(reversed(one.get("components") or ()))
        yield Component(
            name=_text(one, "name"),
            version=_text(one, "version"),
            purl=_text(one, "purl"),
            kind=_text(one, "type") or "library",
            licenses=tuple(filter(None, (_cyclonedx_license(entry) for entry in one.get("licenses") or ()))),
        )


def _cyclonedx_license(entry: Mapping[str, Any]) -> str:
    choice = entry.get("license") or {}
    return _text(entry, "expression") or _text(choice, "id") or _text(choice, "name")


def _read_spdx(document: Mapping[str, Any]) -> Iterator[Component]:
    for one in document.get("packages") or ():
        purls = [
            _text(reference, "referenceLocator")
            for reference in one.get("externalRefs") or ()
            if reference.get("referenceType") == "purl"
        ]
        licenses = [_text(one, key) for key in ("licenseConcluded", "licenseDeclared")]
        yield Component(
            name=_text(one, "name"),
            version=_text(one, "versionInfo"),
            purl=purls[0] if purls else "",
            licenses=tuple(sorted({text for text in licenses if text not in {"", "NOASSERTION", "NONE"}})),
        )


def _read_syft(document: Mapping[str, Any]) -> Iterator[Component]:
    for one in document.get("artifacts") or ():
        yield Component(name=_text(one, "name"), version=_text(one, "version"), purl=_text(one, "purl"))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Component]]] = {
    "cdx.json": _read_cyclonedx,
    "spdx.json": _read_spdx,
    "syft.json": _read_syft,
}
