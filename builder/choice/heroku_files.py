"""Where Heroku apps name their buildpacks: ``.buildpacks`` (one address a line) and ``app.json``.

Facts: reference/heroku.md §1.3 (herokuish) and §2.3.
"""

from __future__ import annotations

import json
from pathlib import Path

from builder.choice.wanted import Wanted
from builder.errors import AppJsonError

BUILDPACKS_FILE = ".buildpacks"
APP_JSON_FILE = "app.json"


def parse_buildpacks_file(text: str, app: Path) -> tuple[Wanted, ...]:
    """Read a ``.buildpacks``; blank lines and comments mean nothing."""
    return tuple(
        Wanted(reference=line.strip(), place=f"{BUILDPACKS_FILE}:{number}", base=app)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def parse_app_json(text: str, app: Path) -> tuple[Wanted, ...]:
    """Read the ``buildpacks`` of an app.json; the rest of it is for the translation.

    Raises:
        AppJsonError: it is no JSON, or its buildpacks are no list of addresses.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise AppJsonError(line=error.lineno, problem=f"it is not JSON: {error.msg} (column {error.colno})") from None
    if not isinstance(document, dict):
        raise AppJsonError(line=1, problem="it has to be an object: { … }")
    entries = document.get("buildpacks", [])
    if not isinstance(entries, list):
        raise AppJsonError(line=_line_of(text, '"buildpacks"'), problem="'buildpacks' has to be a list")
    return tuple(_wanted(entry, text, app) for entry in entries)


def _wanted(entry: object, text: str, app: Path) -> Wanted:
    url = entry.get("url") if isinstance(entry, dict) else entry
    if not isinstance(url, str) or not url.strip():
        line = _line_of(text, '"buildpacks"')
        raise AppJsonError(line=line, problem='each entry of \'buildpacks\' has to be {"url": "ADDRESS"}')
    line = _line_of(text, json.dumps(url))
    return Wanted(reference=url.strip(), place=f"{APP_JSON_FILE}:{line}", base=app)


def _line_of(text: str, sought: str) -> int:
    at = text.find(sought)
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
