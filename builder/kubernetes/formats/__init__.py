"""Ways to write a plan down, by the name ``--format`` knows them by."""

from __future__ import annotations

from collections.abc import Mapping

from builder.kubernetes.formats import plain, plan_document
from builder.kubernetes.formats.format import Format

FORMATS: Mapping[str, Format] = {"plain": plain.FORMAT, "plan": plan_document.FORMAT}
