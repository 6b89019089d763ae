"""A buildpack as somebody asks for it, with the place that asks, so that errors can name the line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One entry of a list of buildpacks.

    Args:
        reference: an id, directory, archive or repository, as it is written.
        place: who asks: ``--buildpack``, or a file of the app with the line, such as ``.buildpacks:2``.
        base: the directory that relative paths begin at.
        trusted: whether the user of this machine asks, and not a file of the app, which somebody else may have written:
            only the former may name files outside of the app.
    """

    reference: str
    place: str
    base: Path
    trusted: bool = False
