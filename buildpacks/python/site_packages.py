"""What is installed in a site-packages directory, read from its metadata, and made the same for every build."""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk import Component, names_in


def installed_components(site_packages: Path) -> list[Component]:
    """List the installed distributions for the bill of materials."""
    metadata = (site_packages / name / "METADATA" for name in names_in(site_packages) if name.endswith(".dist-info"))
    return [_component(file.read_text(errors="replace")) for file in metadata if file.is_file()]


def make_reproducible(environment: Path, site_packages: Path) -> None:
    """Remove what differs between two installations of the same packages."""
    remove_timestamps(site_packages)
    remove_repositories(environment / "src")


def remove_timestamps(site_packages: Path) -> None:
    """Remove uv's notes about when it installed the app itself (``uv_cache.json``), the only times in there.

    Without them uv installs the app again when it next runs, which is what should happen anyway.
    """
    for directory in (name for name in names_in(site_packages) if name.endswith(".dist-info")):
        notes = site_packages / directory / "uv_cache.json"
        record = site_packages / directory / "RECORD"
        if notes.is_file() and record.is_file():
            notes.unlink()
            lines = record.read_text().splitlines(keepends=True)
            kept = [line for line in lines if not line.startswith(f"{directory}/uv_cache.json,")]
            record.unlink()  # uv may have linked it to its own cache
            record.write_text("".join(kept))


def remove_repositories(sources: Path) -> None:
    """Remove the history of what is installed from a repository (``-e git+…``).

    Its index holds times, its address may hold a password, and a running app wants neither.
    """
    import shutil

    for name in names_in(sources):
        shutil.rmtree(sources / name / ".git", ignore_errors=True)


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
