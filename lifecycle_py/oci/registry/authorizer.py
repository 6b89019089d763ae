"""The Authorization header of each request: what a host asked for, answered with the credentials there are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from lifecycle_py.oci.registry.challenge import Challenge, parse_challenges, preferred
from lifecycle_py.oci.registry.credentials import Keychain, Lookup
from lifecycle_py.oci.registry.reference import address
from lifecycle_py.oci.registry.refusals import denial, refusal
from lifecycle_py.oci.registry.tokens import TokenCache, check_realm, read_token, token_request
from lifecycle_py.oci.registry.transport import Transport, read_limited, redact


class Authorizer:
    """Remembers what each registry asked for. Safe for several threads."""

    def __init__(self, transport: Transport, keychain: Keychain, clock: Callable[[], float]) -> None:
        """Get tokens through ``transport`` with what ``keychain`` finds."""
        self._transport = transport
        self._keychain = keychain
        self._tokens = TokenCache(clock)
        self._challenges: dict[str, Challenge] = {}
        self._lookups: dict[tuple[str, str], Lookup] = {}
        self._lock = threading.RLock()  # also so that four uploads fetch one token, not four

    def lookup(self, host: str, repository: str) -> Lookup:
        """Find the credentials of a repository, once."""
        with self._lock:
            key = (host, repository)
            if key not in self._lookups:
                self._lookups[key] = self._keychain.find(host, repository)
            return self._lookups[key]

    def header(self, host: str, repository: str, scopes: tuple[str, ...]) -> str:
        """Give the header's value as far as the host has asked for one.

        Raises:
            StoreError: no token was given.
        """
        with self._lock:
            challenge = self._challenges.get(host)
            credentials = self.lookup(host, repository).credentials
            if credentials and credentials.registry_token:
                return f"Bearer {credentials.registry_token}"
            if challenge is None:
                return ""
            if challenge.scheme == "basic":
                return credentials.basic if credentials else ""
            token = self._tokens.get(host, (*scopes, repository)) or self._fetch(host, repository, challenge, scopes)
            return f"Bearer {token}"

    def learn(self, host: str, asked: str, used: str) -> bool:
        """Take in a 401's challenge and drop what did not do; tell whether another try may fare better."""
        challenge = preferred(parse_challenges(asked))
        if challenge is None:
            return False
        with self._lock:
            known = self._challenges.get(host)
            self._challenges[host] = challenge
            if challenge.scheme == "bearer":
                self._tokens.drop(host, used.removeprefix("Bearer "))
                return True
            return known is None or not used

    def _fetch(self, host: str, repository: str, challenge: Challenge, scopes: tuple[str, ...]) -> str:
        check_realm(self._transport.base(address(host)), challenge)
        lookup = self.lookup(host, repository)
        request = token_request(challenge, scopes, lookup.credentials)
        response = self._transport.send(request)
        data = read_limited(response, urlsplit(request.url).netloc)
        if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST}:
            raise denial(host, repository, "get a token for", lookup, (response.status, data))
        if response.status != HTTPStatus.OK:
            asked = f"{request.method} {redact(request.url)}"
            raise refusal(host, asked, response.status, response.headers, data)
        value, life = read_token(host, data)
        self._tokens.put(host, (*scopes, repository), value, life)
        return value
