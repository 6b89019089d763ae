"""Which apps are Python apps.

The list is Heroku's. It is wide on purpose: an app with ``app.py`` and no requirements passes, and is told by the build
what is missing, instead of being told that nothing detects.
"""

from __future__ import annotations

from collections.abc import Iterable

MISSPELLED_REQUIREMENTS = frozenset(
    {
        "Requirements.txt",
        "requeriments.txt",
        "requirement.txt",
        "requirements",
        "requirements.text",
        "requirements.txt.txt",
        "requirments.txt",
    }
)
PYTHON_NAMES = MISSPELLED_REQUIREMENTS | {
    ".python-version",
    ".venv",
    "Pipfile",
    "Pipfile.lock",
    "__init__.py",
    "__pycache__",
    "app.py",
    "main.py",
    "manage.py",
    "pdm.lock",
    "poetry.lock",
    "pyproject.toml",
    "requirements.txt",
    "runtime.txt",
    "server.py",
    "setup.cfg",
    "setup.py",
    "uv.lock",
    "venv",
}


def python_files(names: Iterable[str]) -> list[str]:
    """Give the names in the app's top level directory that belong to Python, sorted."""
    return sorted(PYTHON_NAMES.intersection(names))
