"""The app's hooks: ``bin/pre_compile`` before anything is decided, ``bin/post_compile`` when all is in place.

As on Heroku, the first may still write what the build reads, such as requirements.txt. It runs with the build image's
programs only; the second with the app's Python, its dependencies and its package manager.
"""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks.python.rules import SETTING
from buildpacks.sdk import BuildContext, Rules, read_bytes_if_present, run_hook, sha256_of

PRE_COMPILE, POST_COMPILE = "bin/pre_compile", "bin/post_compile"


def run_app_hook(context: BuildContext, path: str, rules: Rules, environment: Mapping[str, str]) -> None:
    """Run a hook of the app if it has it, by classic's rules; the newer ones know no hooks.

    Raises:
        HookFailedError: the hook failed.
    """
    if rules is Rules.CLASSIC:
        run_hook(context, path, environment)
    elif has_hook(context, path):
        context.output.step(f"Leaving out the hook {path}, since {SETTING} is {rules}")


def has_hook(context: BuildContext, path: str) -> bool:
    """Tell whether the app has a hook."""
    return (context.app_dir / path).is_file()


def hooks_digest(context: BuildContext) -> str:
    """Give one digest of the hooks, which may change what is installed; empty when there are none."""
    hooks = [read_bytes_if_present(context.app_dir / path) or b"" for path in (PRE_COMPILE, POST_COMPILE)]
    return sha256_of(b"\0".join(hooks)) if any(hooks) else ""
