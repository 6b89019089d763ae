"""Which variables an app has to be given: what its image's label ``dev.offramp.environment`` says. Pure.

An image may come from anywhere: an entry that does not have the label's form is left out, and a label of another
version says nothing. Its form: docs/reference/labels.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from builder.kubernetes.plan import RequiredVariable

LABEL = "dev.offramp.environment"
_VERSION = 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_required(labels: Mapping[str, str]) -> tuple[RequiredVariable, ...]:
    """Read the label; nothing when there is none."""
    try:
        document = json.loads(labels.get(LABEL, "{}"))
        if document.get("version") != _VERSION:
            return ()
        return tuple(_variables(document["required"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _variables(entries: Any) -> Iterator[RequiredVariable]:
    for entry in entries:
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and _NAME.fullmatch(name):
            yield RequiredVariable(name=name, generated=entry.get("generator") == "secret")
