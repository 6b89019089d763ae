"""Whose rules a build follows: ``OFFRAMP_RUBY_RULES`` is ``classic`` (the default) or ``cnb``."""

from __future__ import annotations

SETTING = "OFFRAMP_RUBY_RULES"
