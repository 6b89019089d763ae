"""Whose rules a build follows where Heroku's two Python buildpacks differ: classic's, or the Cloud Native one's.

Classic is the default, since it is what a migrating app was built with. OFFRAMP_PYTHON_RULES=cnb chooses the other.
"""

from __future__ import annotations

from enum import StrEnum

from buildpacks.python.environments import ignored_settings
from buildpacks.python.errors import ForbiddenSettingsError, UnknownRulesError
from buildpacks.sdk import BuildContext

SETTING = "OFFRAMP_PYTHON_RULES"


class Rules(StrEnum):
    """A set of rules; the value is what the setting says."""

    CLASSIC = "classic"
    CNB = "cnb"


def choose_rules(context: BuildContext) -> Rules:
    """Read the setting, and look at the user's other settings by its rules.

    Raises:
        UnknownRulesError: the setting names no rules.
        ForbiddenSettingsError: by the newer rules, a setting that would misplace things ends the build.
    """
    value = context.user_env.get(SETTING, Rules.CLASSIC)
    if value not in set(Rules):
        raise UnknownRulesError(value=value)
    ignored = ignored_settings(context.user_env)
    if ignored and value == Rules.CNB:
        raise ForbiddenSettingsError(names=tuple(ignored))
    if ignored:
        context.output.warning(f"Ignoring {', '.join(ignored)}", "This build decides where Python and packages go.")
    return Rules(value)
