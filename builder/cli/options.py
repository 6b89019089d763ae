"""Options that several commands share, and whether to use colours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

import click


class Progress(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ColorChoice:
    """Whether a stream gets colours: never with NO_COLOR, always with FORCE_COLOR, else on a terminal."""

    environ: Mapping[str, str]

    def resolve(self, stream: IO[str]) -> bool:
        """Decide for one stream."""
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and self.environ.get("TERM") != "dumb"


COLOR = ColorChoice(os.environ)

insecure_registry_option = click.option(
    "--insecure-registry",
    "insecure",
    multiple=True,
    metavar="HOST",
    help="May speak plain http, or show a certificate nobody trusts.",
)
