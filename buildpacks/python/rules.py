"""Whose rules a build follows, and what they make of the user's settings."""

from __future__ import annotations

from buildpacks.python.environments import ignored_settings
from buildpacks.python.errors import ForbiddenSettingsError
from buildpacks.sdk import BuildContext, Rules, read_rules

SETTING = "OFFRAMP_PYTHON_RULES"


def choose_rules(context: BuildContext) -> Rules:
    """Read the setting, and look at the user's other settings by its rules.

    Raises:
        UnknownRulesError: the setting names no rules.
        ForbiddenSettingsError: by the newer rules, a setting that would misplace things ends the build.
    """
    rules = read_rules(context.user_env, SETTING)
    ignored = ignored_settings(context.user_env)
    if ignored and rules is Rules.CNB:
        raise ForbiddenSettingsError(names=tuple(ignored))
    if ignored:
        context.output.warning(f"Ignoring {', '.join(ignored)}", "This build decides where Python and packages go.")
    return rules
