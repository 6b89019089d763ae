"""What a registry asks for with a 401: the ``WWW-Authenticate`` header.

Spec: RFC 9110 §11.6.1; distribution's token authentication for what the parameters of Bearer mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_PART = re.compile(
    r"\s*,?\s*(?:"
    r"(?P<key>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,]+))"
    r"|(?P<scheme>[\w!#$%&'*+.^`|~-]+)(?=\s|,|$)"
    r")"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """A scheme in lower case (``bearer``, ``basic``) with its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a header, which may hold several challenges; what cannot be read ends the reading."""
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(header) and (match := _PART.match(header, position)):
        position = match.end()
        if match["scheme"]:
            found.append((match["scheme"].lower(), {}))
        elif found:
            value = match["bare"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
            found[-1][1][match["key"].lower()] = value
    return tuple(Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in found)


def preferred(challenges: Iterable[Challenge]) -> Challenge | None:
    """Choose what we can answer: a token before a password."""
    known = {challenge.scheme: challenge for challenge in reversed(tuple(challenges))}
    bearer = known.get("bearer")
    return bearer if bearer and bearer.parameters.get("realm") else known.get("basic")


def merge_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Join the actions of scopes for the same thing: ``repository:x:pull`` and ``:push`` are one, sorted."""
    actions: dict[str, set[str]] = {}
    for scope in scopes:
        thing, _, wanted = scope.rpartition(":")
        actions.setdefault(thing or scope, set()).update(filter(None, wanted.split(",") if thing else ()))
    return tuple(
        f"{thing}:{','.join(sorted(wanted))}" if wanted else thing for thing, wanted in sorted(actions.items())
    )
