"""What must not be in an app's source: things that would break its build in ways that are hard to see."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.errors import CommittedPythonError, CommittedVenvError

_VENVS = (".venv", "venv")
_PYTHON = ".heroku/python"


def check_app(app_dir: Path) -> None:
    """Refuse an app that brings a virtual environment or a Python along.

    Raises:
        CommittedVenvError: a virtual environment is in the source.
        CommittedPythonError: what a build on Heroku leaves is in the source.
    """
    for name in _VENVS:
        if (app_dir / name / "pyvenv.cfg").exists():
            raise CommittedVenvError(name=name)
    if (app_dir / _PYTHON).exists():
        raise CommittedPythonError(name=_PYTHON)
