"""The layer with the app's environment, and nothing else: its name comes last, so that its PATH comes first."""

from __future__ import annotations

from buildpacks.ruby.family import Family
from buildpacks.ruby.layers.gems import InstalledGems
from buildpacks.ruby.rails_environment import launch_environment, web_concurrency_program, with_settings
from buildpacks.ruby.secret_key import VARIABLE, SecretKey
from buildpacks.sdk import BuildContext, LayerTypes, Rules, Scope

_TYPES = LayerTypes(build=True, launch=True)


def write_settings(context: BuildContext, family: Family, gems: InstalledGems, rules: Rules, secret: SecretKey) -> None:
    """Write the environment of the running app and of later buildpacks.

    Raises:
        NoYjitError, NoJemallocError: a setting asks for what is not there.
    """
    layer = context.layer("settings", types=_TYPES)
    env = launch_environment(context.app_dir, family, gems.abi, gems.without, rules)
    layer.env = with_settings(context, env, gems.bundle.environment)
    if secret.value:
        layer.env = layer.env.default(VARIABLE, secret.value, Scope.LAUNCH)
    layer.add_exec_d("web-concurrency", web_concurrency_program())
