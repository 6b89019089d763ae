"""Reading all places that may say which buildpacks build an app, and choosing among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from builder.choice.heroku_files import APP_JSON_FILE, BUILDPACKS_FILE, parse_app_json, parse_buildpacks_file
from builder.choice.project_toml import Project
from builder.choice.rules import COMMAND_LINE, Choice, choose
from builder.choice.wanted import Wanted


def read_choice(app: Path, command_line: Sequence[str], project: Project) -> Choice:
    """Choose the list of buildpacks that counts for an app.

    Raises:
        AppJsonError: app.json cannot be read.
    """
    app, here = app.absolute(), Path.cwd()
    app_json = _text(app / APP_JSON_FILE)
    return choose(
        command_line=[Wanted(reference=name, place=COMMAND_LINE, base=here, trusted=True) for name in command_line],
        project=project.group,
        buildpacks_file=parse_buildpacks_file(_text(app / BUILDPACKS_FILE), app),
        app_json=parse_app_json(app_json, app) if app_json.strip() else (),
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
