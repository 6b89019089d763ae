"""Whose rules a build follows where Heroku's two buildpacks of a language differ: classic's, or the Cloud Native one's.

Classic is the default, since it is what a migrating app was built with (architecture.md §5 decision 8). Each language
has a setting of its own, because an app may want the other rules for one of them only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from buildpacks.sdk.errors import UnknownRulesError


class Rules(StrEnum):
    """A set of rules; the value is what the setting says."""

    CLASSIC = "classic"
    CNB = "cnb"


def read_rules(user_env: Mapping[str, str], setting: str) -> Rules:
    """Read which rules a setting chooses; unset or empty chooses classic's.

    Raises:
        UnknownRulesError: it is neither.
    """
    text = user_env.get(setting, "").strip().lower()
    try:
        return Rules(text or Rules.CLASSIC)
    except ValueError:
        raise UnknownRulesError(setting=setting, value=user_env[setting]) from None
