"""Hooks: programs of the app that run at a fixed moment of its build, as ``bin/pre_compile`` on Heroku.

Facts: reference/heroku.md §4.5 and §5.3. A hook need not be executable in the app's repository; it runs in the app
directory, with the config vars of the build, and its failure ends the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from buildpacks.sdk.errors import CommandFailedError, HookFailedError

if TYPE_CHECKING:
    from buildpacks.sdk.context import BuildContext

_MAY_RUN = 0o111


def run_hook(context: BuildContext, path: str, environment: Mapping[str, str]) -> bool:
    """Run a hook of the app, if it is there, and tell whether it was.

    Args:
        context: the build.
        path: where the hook is, relative to the app directory.
        environment: its whole environment.

    Raises:
        HookFailedError: it ended with a status other than zero.
    """
    hook = context.app_dir / path
    if not hook.is_file():
        return False
    mode = hook.stat().st_mode
    if mode & _MAY_RUN != _MAY_RUN:
        hook.chmod(mode | _MAY_RUN)
    try:
        with context.output.timed(f"Running the hook {path}"):
            context.run(hook, env=environment)
    except CommandFailedError as error:
        raise HookFailedError(hook=path, status=error.status, last_lines=error.last_lines) from error
    return True
