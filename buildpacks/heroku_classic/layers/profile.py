"""The layer the app starts with: the program for ``.profile.d``, and the config vars a classic buildpack proposes."""

from __future__ import annotations

from collections.abc import Mapping

from buildpacks.sdk import (
    PROFILE_D,
    BuildContext,
    LayerEnv,
    LayerTypes,
    Scope,
    has_profile_scripts,
    profile_program,
)

_TYPES = LayerTypes(launch=True)


def write_profile(context: BuildContext, config_vars: Mapping[str, str]) -> None:
    """Write the layer, if there is something to start with."""
    scripts = has_profile_scripts(context.app_dir)
    if not scripts and not config_vars:
        return
    layer = context.layer("profile", types=_TYPES)
    if scripts:
        context.output.step(f"Sourcing {PROFILE_D}/*.sh before every process")
        layer.add_exec_d("profile", profile_program(context.app_dir))
    env = LayerEnv()
    for name, value in config_vars.items():
        context.output.step(f"Setting {name} for the app, unless it is set where it runs")
        env = env.default(name, value, Scope.LAUNCH)
    layer.env = env
