"""Sizes and ages as people write them: ``20GB``, ``500MiB``, ``30d``. Pure."""

from __future__ import annotations

import re
from typing import Final

from builder.errors import InvalidAgeError, InvalidSizeError

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B?")
_POWERS: Final = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_size(text: str, name: str) -> int:
    """Read a size in bytes; ``k``, ``M``, ``G`` and ``T`` are decimal, with an ``i`` binary.

    Args:
        text: such as ``20GB``.
        name: of the option or variable, for the error.

    Raises:
        InvalidSizeError: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidSizeError(name=name, value=text)
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS[unit])


def parse_age(text: str, name: str) -> float:
    """Read an age in seconds: ``90m``, ``12h``, ``30d``, ``2w``.

    Raises:
        InvalidAgeError: it is none.
    """
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise InvalidAgeError(name=name, value=text)
    return float(match[1]) * _SECONDS[match[2]]


def human_age(seconds: float) -> str:
    """Say how long ago something was, in the largest unit that fits."""
    for unit, name in (("d", "day"), ("h", "hour"), ("m", "minute")):
        count = int(seconds // _SECONDS[unit])
        if count:
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
