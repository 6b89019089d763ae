"""The ``export`` file: what a classic buildpack wants the buildpacks after it to see."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from buildpacks.heroku_classic.classic import Workbench
from buildpacks.sdk import BuildContext, LayerEnv, Scope

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# bash itself sets these, differently each time.
_OF_BASH = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})
_SOURCE = '[ -z "$1" ] || . "$1"; env -0 > "$2"'


def exported_environment(context: BuildContext, bench: Workbench) -> LayerEnv | None:
    """Source ``export`` and give what it changes, for the rest of the build; None when there is no such file."""
    file = bench.pack / "export"
    if not file.is_file():
        return None
    before = _environment_after(context, bench, "")
    after = _environment_after(context, bench, str(file))
    env = LayerEnv()
    for name, value in sorted(changes(before, after).items()):
        env = env.override(name, value, Scope.BUILD)
    return env


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that are new or different. A variable that was taken away cannot be expressed in a layer."""
    return {
        name: value
        for name, value in after.items()
        if before.get(name) != value and name not in _OF_BASH and _NAME.fullmatch(name)
    }


def _environment_after(context: BuildContext, bench: Workbench, script: str) -> dict[str, str]:
    output = bench.scratch / "environment"
    context.run("bash", "--noprofile", "--norc", "-c", _SOURCE, "bash", script, output, env=bench.environment)
    pairs = (entry.partition(b"=") for entry in output.read_bytes().split(b"\0") if entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
