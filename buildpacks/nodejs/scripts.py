"""The scripts of package.json that a build runs, in Heroku's order.

``heroku-prebuild``, the installation, then ``heroku-postbuild`` or, where there is none, ``build``; after the packages
for development are removed, ``heroku-cleanup``. The newer rules know ``heroku-build`` in place of ``build``, and run
``heroku-postbuild`` besides.
"""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks.nodejs.commands import run_command
from buildpacks.nodejs.errors import ScriptError
from buildpacks.nodejs.lock_files import Manager
from buildpacks.nodejs.package_json import PackageJson
from buildpacks.sdk import BuildContext, CommandFailedError, Rules

PREBUILD, CLEANUP = "heroku-prebuild", "heroku-cleanup"
_POSTBUILD, _BUILD, _NEW_BUILD = "heroku-postbuild", "build", "heroku-build"


def build_scripts(package: PackageJson, rules: Rules) -> tuple[str, ...]:
    """Give the scripts that run once the packages are installed. Pure."""
    scripts = package.scripts
    if rules is Rules.CLASSIC:
        return tuple([name for name in (_POSTBUILD, _BUILD) if name in scripts][:1])
    build = [name for name in (_NEW_BUILD, _BUILD) if name in scripts][:1]
    return (*build, *((_POSTBUILD,) if _POSTBUILD in scripts else ()))


def run_script(context: BuildContext, manager: Manager, script: str, environment: Mapping[str, str]) -> None:
    """Run a script.

    Raises:
        ScriptError: it failed.
    """
    command = run_command(manager, script)
    with context.output.timed(f"Running {' '.join(command)}"):
        try:
            context.run(*command, env=environment)
        except CommandFailedError as error:
            raise ScriptError(script=script, command=" ".join(command), last_lines=error.last_lines) from error
