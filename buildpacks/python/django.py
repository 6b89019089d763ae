"""Django's static files, by the rules of either of Heroku's buildpacks.

Classic: if Django is installed and a ``manage.py`` is at most two directories deep, ``collectstatic`` runs and has to
succeed; DISABLE_COLLECTSTATIC turns it off (any value but ``0``).

Cloud Native: ``manage.py`` has to be in the top level directory, Django itself is asked whether it knows the command,
and nothing turns it off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

from buildpacks.python.errors import CollectStaticError, DjangoHelpError
from buildpacks.python.layers.dependencies import Dependencies
from buildpacks.python.managers.base import wants_test_dependencies
from buildpacks.sdk import BuildContext, CommandFailedError, Rules

_SWITCH, _DEBUG = "DISABLE_COLLECTSTATIC", "DEBUG_COLLECTSTATIC"
_OLD_SWITCH = ".heroku/collectstatic_disabled"
_DEEPEST = 2  # directories between the app and manage.py
_NEVER_INSIDE = frozenset({".git", "node_modules", "__pycache__"})
_UNKNOWN_COMMAND = "Unknown command"


def collect_static(
    context: BuildContext, rules: Rules, dependencies: Dependencies, environment: Mapping[str, str]
) -> None:
    """Run collectstatic where it applies, in the environment of the app's own programs.

    Raises:
        CollectStaticError: it failed.
        DjangoHelpError: by the newer rules, Django could not say whether it knows the command.
    """
    if not dependencies.has("django"):
        return
    reason = _reason_to_skip(context, rules)
    if reason:
        context.output.step(f"Skipping Django collectstatic, since {reason}")
        return
    manage = find_manage_script(context.app_dir, _DEEPEST if rules is Rules.CLASSIC else 0)
    if manage is None:
        context.output.step("Skipping Django collectstatic, since there is no manage.py")
        return
    script = str(manage.relative_to(context.app_dir))
    environment = {"PYTHONPATH": ".", **environment}
    if rules is Rules.CNB and not _knows_collectstatic(context, dependencies, script, environment):
        context.output.step(
            "Skipping Django collectstatic, since 'django.contrib.staticfiles' is not in INSTALLED_APPS"
        )
        return
    trace = " --traceback" if rules is Rules.CLASSIC else ""
    command = f"python {script} collectstatic --noinput{trace}"
    if context.user_env.get(_DEBUG, "0") != "0" and rules is Rules.CLASSIC:
        # Heroku prints the values, too: everyone who can read the log could read every password.
        context.output.detail(f"The environment has: {', '.join(sorted(environment))}")
    try:
        with context.output.timed(f"Running '{command}'"):
            context.run(dependencies.python, *command.split()[1:], env=environment)
    except CommandFailedError as error:
        raise CollectStaticError(
            command=command, last_lines=error.last_lines, can_be_disabled=rules is Rules.CLASSIC
        ) from error


def _reason_to_skip(context: BuildContext, rules: Rules) -> str:
    if wants_test_dependencies(context):
        return "the build is for tests"
    if rules is Rules.CNB:
        return ""
    if (context.app_dir / _OLD_SWITCH).exists():
        context.output.warning(
            f"The file {_OLD_SWITCH} is deprecated", f"Remove it, and set {_SWITCH}=1 for the build instead."
        )
        return f"{_OLD_SWITCH} exists"
    return f"{_SWITCH} is set" if context.user_env.get(_SWITCH, "0") != "0" else ""


def _knows_collectstatic(
    context: BuildContext, dependencies: Dependencies, script: str, environment: Mapping[str, str]
) -> bool:
    try:
        context.run(dependencies.python, script, "help", "collectstatic", env=environment, show=False)
    except CommandFailedError as error:
        if any(_UNKNOWN_COMMAND in line for line in error.last_lines):
            return False
        raise DjangoHelpError(script=script, last_lines=error.last_lines) from error
    return True


def find_manage_script(app_dir: Path, deepest: int = _DEEPEST) -> Path | None:
    """Find the nearest ``manage.py``, top level first, directories in alphabetical order."""
    pending: deque[tuple[int, Path]] = deque([(0, app_dir)])
    while pending:
        depth, directory = pending.popleft()
        if (directory / "manage.py").is_file():
            return directory / "manage.py"
        if depth < deepest:
            inside = sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())
            pending.extend((depth + 1, path) for path in inside if path.name not in _NEVER_INSIDE)
    return None
