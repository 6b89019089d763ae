"""The settings of a build that are Offramp's own; Go's and Heroku's are read where they are used."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from buildpacks.go.errors import UnknownRulesError

RULES = "OFFRAMP_GO_RULES"


class Rules(StrEnum):
    """Whose rules hold where Heroku's two Go buildpacks differ and both are reasonable."""

    CLASSIC = "classic"
    CNB = "cnb"


def read_rules(user_env: Mapping[str, str]) -> Rules:
    """Read which of Heroku's buildpacks is followed.

    Raises:
        UnknownRulesError: the setting is neither.
    """
    text = user_env.get(RULES, "").strip().lower()
    try:
        return Rules(text or Rules.CLASSIC)
    except ValueError:
        raise UnknownRulesError(value=text) from None
