"""Getting a token for what is to be done, and keeping it while it lives.

Spec: CNCF distribution, "Token Authentication Specification" and "Oauth2 Token Authentication".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lifecycle_py.oci.errors import RegistryAnswerError
from lifecycle_py.oci.registry.challenge import Challenge, merge_scopes
from lifecycle_py.oci.registry.credentials import Credentials
from lifecycle_py.oci.registry.reference import is_private_address
from lifecycle_py.oci.registry.transport import Request, redact
from lifecycle_py.spec.json_text import parse_json

_SHORTEST_LIFE: Final = 60  # seconds; the specification's default
_CLIENT: Final = "offramp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token and when to get another one."""

    value: str
    refresh_at: float


class TokenCache:
    """Tokens by host and scopes. Safe for several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure lives with ``clock``, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, frozenset[str]], Token] = {}

    def drop(self, host: str, value: str) -> None:
        """Forget a token that the host no longer takes."""
        with self._lock:
            for key in [key for key, token in self._tokens.items() if key[0] == host and token.value == value]:
                del self._tokens[key]

    def get(self, host: str, scopes: Iterable[str]) -> str:
        """Give the token while it is good for a while yet, else nothing."""
        with self._lock:
            token = self._tokens.get((host, frozenset(scopes)))
        return token.value if token and self._clock() < token.refresh_at else ""

    def put(self, host: str, scopes: Iterable[str], value: str, life: float) -> None:
        """Keep a token; it is refreshed before it ends, since a transfer takes its time."""
        token = Token(value=value, refresh_at=self._clock() + life - min(15.0, life / 4))
        with self._lock:
            self._tokens[host, frozenset(scopes)] = token


def token_request(challenge: Challenge, scopes: Sequence[str], credentials: Credentials | None) -> Request:
    """Give the request for a token: a form with an identity token, else a query with a password or nothing.

    Raises:
        RegistryAnswerError: the registry sends us to a place where no password may go.
    """
    realm, service = challenge.parameters["realm"], challenge.parameters.get("service", "")
    wanted = merge_scopes([*scopes, *_others(challenge, scopes)])
    if credentials and credentials.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT,
            "scope": " ".join(wanted),
            "refresh_token": credentials.identity_token,
        }
        data = urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method="POST", url=realm, headers=headers, body=lambda: [data], length=len(data))
    parts = urlsplit(realm)
    query = [*parse_qsl(parts.query), *([("service", service)] if service else []), *(("scope", one) for one in wanted)]
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
    basic = credentials.basic if credentials else ""
    return Request(method="GET", url=url, headers={"Authorization": basic} if basic else {})


def check_realm(base: str, challenge: Challenge) -> None:
    """Make sure that a registry at ``base`` may name this realm.

    Raises:
        RegistryAnswerError: it leads out of TLS, or to an address that only means something inside of a network.
    """
    registry, realm = urlsplit(base), urlsplit(challenge.parameters["realm"])
    problem = ""
    if realm.scheme not in {"http", "https"} or not realm.netloc:
        problem = "it is not an address"
    elif registry.scheme == "https" and realm.scheme != "https":
        problem = "it is not secure"
    elif is_private_address(realm.netloc) and not is_private_address(registry.netloc):
        problem = "it is an address of a private network"
    if problem:
        subject = f"where to get a token ('{redact(challenge.parameters['realm'])}')"
        raise RegistryAnswerError(registry=registry.netloc, subject=subject, problem=problem)


def read_token(host: str, data: bytes) -> tuple[str, float]:
    """Read the answer of a token service: the token and its life in seconds.

    Raises:
        RegistryAnswerError: there is no token in it.
    """
    try:
        answer = parse_json(data)
        value = str(answer.get("token") or answer.get("access_token") or "")
        life = max(float(answer.get("expires_in") or _SHORTEST_LIFE), 1.0)
    except (ValueError, TypeError, AttributeError) as error:
        raise RegistryAnswerError(registry=host, subject="a token", problem="it is not a token's JSON") from error
    if not value or not value.isprintable() or not value.isascii():
        raise RegistryAnswerError(registry=host, subject="a token", problem="there is no token in it")
    return value, life


def _others(challenge: Challenge, scopes: Sequence[str]) -> list[str]:
    """Give what the registry asks for beyond our scopes: its own kinds, not what an earlier repository needed."""
    things = {scope.rpartition(":")[0] for scope in scopes}
    asked = challenge.parameters.get("scope", "").split()
    return [scope for scope in asked if not scope.startswith("repository:") or scope.rpartition(":")[0] in things]
