"""A module proxy as a directory, filled with the modules of the fixtures: what a team's own proxy has."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "fixtures" / "go_modules"
_TIME = "2026-01-01T00:00:00Z"


def fill_module_proxy(directory: Path, sources: Path = SOURCES) -> None:
    """Write every module, ``MODULE/VERSION/…`` in ``sources``, in the layout of the GOPROXY protocol."""
    for mod in sorted(sources.rglob("go.mod")):
        version, module = mod.parent.name, mod.parent.parent.relative_to(sources).as_posix()
        place = directory / module / "@v"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{version}.mod").write_bytes(mod.read_bytes())
        (place / f"{version}.info").write_text(json.dumps({"Version": version, "Time": _TIME}))
        with (place / "list").open("a") as known:
            known.write(f"{version}\n")
        with zipfile.ZipFile(place / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(mod.parent.rglob("*")):
                if file.is_file():
                    name = f"{module}@{version}/{file.relative_to(mod.parent).as_posix()}"
                    archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
