"""What is installed in a site-packages directory, read from its metadata."""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk import Component, names_in


def installed_components(site_packages: Path) -> list[Component]:
    """List the installed distributions for the bill of materials."""
    metadata = (site_packages / name / "METADATA" for name in names_in(site_packages) if name.endswith(".dist-info"))
    return [_component(file.read_text(errors="replace")) for file in metadata if file.is_file()]


def _component(text: str) -> Component:
    headers: dict[str, str] = {}
    for line in text.splitlines():
        if not line:
            break
        name, colon, value = line.partition(": ")
        if colon:
            headers.setdefault(name, value)
    name, version = headers.get("Name", ""), headers.get("Version", "")
    return Component(
        name=name,
        version=version,
        purl=f"pkg:pypi/{name.lower().replace('_', '-').replace('.', '-')}@{version}",
        license=headers.get("License-Expression", ""),
    )
