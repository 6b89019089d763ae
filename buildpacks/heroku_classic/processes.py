"""The processes of the app that a classic buildpack proposes; a Procfile that names the same ones wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from buildpacks.sdk import PROFILE, Process, process, read_text_if_present, shell_script

# Heroku's own, lenient rule of what a line of a Procfile defines (reference/heroku.md §2.1).
_ENTRY = re.compile(r"[ \t]*([A-Za-z0-9_-]+):?\s+\S")


def default_processes(types: Mapping[str, str], app_dir: Path) -> tuple[Process, ...]:
    """Give the processes for ``default_process_types`` that no Procfile defines, run by bash as on Heroku."""
    taken = procfile_types(read_text_if_present(app_dir / "Procfile") or "")
    profile = read_text_if_present(app_dir / PROFILE)
    return tuple(
        process(name, "bash", "-c", args=(shell_script(command, profile),), default=name == "web")
        for name, command in types.items()
        if name not in taken
    )


def procfile_types(text: str) -> frozenset[str]:
    """Give the process types a Procfile defines."""
    found = (_ENTRY.match(line) for line in text.splitlines())
    return frozenset(one[1] for one in found if one)
