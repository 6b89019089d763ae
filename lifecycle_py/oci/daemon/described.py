"""An image's configuration from how a daemon describes it: it gives no config's bytes without all the layers. Pure.

For images of our own the bytes come out as they went in. For others, times in the history lose their fractions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lifecycle_py.oci.model import DiffId, ImageConfig, config_from_json

# What Dockerfile instructions that make no layer leave in the history, in both of Docker's builders.
_NO_LAYER: Final = re.compile(
    r"(?:/bin/sh -c #\(nop\) )?\s*"
    r"(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\b"
)
_NEVER: Final = "0001-01-01T00:00:00Z"  # Go's zero time


def described_config(
    image: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
) -> tuple[ImageConfig, tuple[DiffId, ...]]:
    """Read a daemon's description of an image, and its history, the newest entry first.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    diff_ids = image["RootFS"].get("Layers") or []
    data = {
        "created": (image.get("Created") or "").replace(_NEVER, ""),
        "architecture": image["Architecture"],
        "variant": image.get("Variant"),
        "os": image["Os"],
        "config": {key: value for key, value in (image.get("Config") or {}).items() if value},
        "rootfs": {"diff_ids": diff_ids},
        "history": _history(list(reversed(history)), len(diff_ids)),
    }
    return config_from_json(data)


def _history(entries: Sequence[Mapping[str, Any]], layers: int) -> list[dict[str, Any]]:
    """Give the history; none at all if it cannot be told which entries made the layers."""
    empty = _without_layer(entries, len(entries) - layers)
    if len(empty) != len(entries) - layers:
        return []
    return [
        {
            "created": _time(entry.get("Created") or 0),
            "created_by": entry.get("CreatedBy") or "",
            "empty_layer": number in empty,
        }
        for number, entry in enumerate(entries)
    ]


def _without_layer(entries: Sequence[Mapping[str, Any]], count: int) -> frozenset[int]:
    """Choose the entries that made no layer: of those that hold no bytes, first the ones that say so."""
    hollow = [number for number, entry in enumerate(entries) if not entry.get("Size")]
    telling = [number for number in hollow if _NO_LAYER.match(entries[number].get("CreatedBy") or "")]
    chosen = dict.fromkeys([*telling, *hollow])
    return frozenset(list(chosen)[: max(count, 0)])


def _time(seconds: int) -> str:
    if seconds <= 0:
        return _NEVER
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
