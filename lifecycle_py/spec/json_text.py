"""Reading JSON that somebody else wrote: labels of images, manifests, answers of registries, metadata of caches."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is none, holds a number of thousands of digits, or is nested thousands of times, which the
            standard library tells with a RecursionError that nobody expects.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
