"""From a registry's error answer to an error of ours.

Spec: opencontainers/distribution-spec ``spec.md`` "Error Codes".
"""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from lifecycle_py.oci.errors import RegistryDeniedError, RegistryRefusedError
from lifecycle_py.oci.registry.credentials import Lookup
from lifecycle_py.spec.json_text import parse_json

_MOST_WORDS: Final = 300


def error_codes(data: bytes) -> tuple[tuple[str, ...], str]:
    """Give the codes and messages of an answer; none when it is not in the registries' form."""
    try:
        errors = parse_json(data)["errors"]
        codes = tuple(dict.fromkeys(str(one["code"]) for one in errors if one.get("code")))
        words = "; ".join(dict.fromkeys(_words(one) for one in errors))
    except (ValueError, KeyError, TypeError, AttributeError):
        return (), ""
    return codes, _printable(words)


def refusal(host: str, request: str, status: int, headers: Mapping[str, str], data: bytes) -> RegistryRefusedError:
    """Make the error of an answer that was not wanted."""
    codes, words = error_codes(data)
    if not codes and "html" not in headers.get("Content-Type", ""):
        words = _printable(data.decode(errors="replace").strip())
    return RegistryRefusedError(
        registry=host,
        request=request,
        status=status,
        codes=codes,
        problem=words or _phrase(status),
        retry_after=retry_after(headers.get("Retry-After", "")),
    )


def denial(host: str, repository: str, action: str, lookup: Lookup, answer: tuple[int, bytes]) -> RegistryDeniedError:
    """Make the error of a 401 or 403; ``answer`` is its status and body."""
    status, data = answer
    codes, words = error_codes(data)
    said = " ".join(filter(None, (", ".join(codes), words))) or _phrase(status)
    credentials = lookup.credentials
    who = ""
    if credentials:
        who = f"'{credentials.username}'" if credentials.username else "the bearer of this token"
    return RegistryDeniedError(
        registry=host,
        repository=repository,
        action=action,
        problem=f"it answered {status} {said}",
        username=who,
        places=lookup.places,
    )


def retry_after(value: str) -> int | None:
    """Read ``Retry-After``: seconds, or a date; None when there is none to be read."""
    if value.strip().isdecimal():
        return int(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0, math.ceil(date.timestamp() - time.time()))


def _words(error: Mapping[str, object]) -> str:
    detail = error.get("detail")
    message = str(error.get("message") or "")
    return f"{message} ({detail})" if isinstance(detail, str) and detail else message


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _printable(text: str) -> str:
    # A server's words go to terminals and logs.
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _MOST_WORDS else clean[:_MOST_WORDS] + " …"
