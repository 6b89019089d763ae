"""Django's static files, by Heroku's rule.

If Django is installed and a ``manage.py`` is at most two directories deep, ``collectstatic`` runs and has to succeed.
DISABLE_COLLECTSTATIC turns it off (any value but ``0``).
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

from buildpacks.python.environments import without_ours
from buildpacks.python.errors import CollectStaticError
from buildpacks.python.layers.dependencies import Dependencies
from buildpacks.python.layers.python import InstalledPython
from buildpacks.sdk import BuildContext, CommandFailedError

_SWITCH = "DISABLE_COLLECTSTATIC"
_DEEPEST = 2  # directories between the app and manage.py
_NEVER_INSIDE = frozenset({".git", "node_modules", "__pycache__"})


def collect_static(context: BuildContext, python: InstalledPython, dependencies: Dependencies) -> None:
    """Run collectstatic where it applies.

    Raises:
        CollectStaticError: it failed.
    """
    if not dependencies.has("django"):
        return
    if context.user_env.get(_SWITCH, "0") != "0":
        context.output.step(f"Skipping Django collectstatic, since {_SWITCH} is set")
        return
    manage = find_manage_script(context.app_dir)
    if manage is None:
        context.output.step("Skipping Django collectstatic, since there is no manage.py")
        return
    script = str(manage.relative_to(context.app_dir))
    command = f"python {script} collectstatic --noinput --traceback"
    environment = python.layer.apply_env(without_ours(context.env))
    environment = dependencies.layer.apply_env(environment)
    # Nothing of the build may stay in the app: bytecode holds times, and would change the app's layer.
    environment |= {
        "PYTHONPATH": context.env.get("PYTHONPATH", "."),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        with context.output.timed(f"Running '{command}'"):
            context.run(dependencies.python, *command.split()[1:], env=environment)
    except CommandFailedError as error:
        raise CollectStaticError(command=command, last_lines=error.last_lines) from error


def find_manage_script(app_dir: Path) -> Path | None:
    """Find the nearest ``manage.py``, top level first, directories in alphabetical order."""
    pending: deque[tuple[int, Path]] = deque([(0, app_dir)])
    while pending:
        depth, directory = pending.popleft()
        if (directory / "manage.py").is_file():
            return directory / "manage.py"
        if depth < _DEEPEST:
            inside = sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())
            pending.extend((depth + 1, path) for path in inside if path.name not in _NEVER_INSIDE)
    return None
