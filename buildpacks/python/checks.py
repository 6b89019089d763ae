"""What must not be in an app's source: things that would break its build in ways that are hard to see."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.errors import CommittedVenvError

_VENVS = (".venv", "venv")


def check_app(app_dir: Path) -> None:
    """Refuse an app that brings a virtual environment along.

    Raises:
        CommittedVenvError: the environment is in the source.
    """
    for name in _VENVS:
        if (app_dir / name / "pyvenv.cfg").exists():
            raise CommittedVenvError(name=name)
