"""Calls to a registry: authorised, tried again where that can help, their errors told in types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from lifecycle_py.oci.errors import RegistryRefusedError, RegistryUnreachableError, StoreError
from lifecycle_py.oci.registry.authorizer import Authorizer
from lifecycle_py.oci.registry.credentials import Keychain
from lifecycle_py.oci.registry.reference import address
from lifecycle_py.oci.registry.refusals import denial, refusal
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry.transport import MOST_OF_AN_ANSWER, Request, Transport, read_limited, redact

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_KINDS: Final = frozenset({"refused", "timeout", "broken", "proxy"})
_DENIED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call. ``path`` is below ``/v2/<repository>/``, or ``url`` is what the registry gave as Location.

    ``accept`` are the statuses that are an answer; others are errors. ``action`` is its purpose in an error's words.
    """

    method: str
    host: str
    repository: str
    path: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Iterable[bytes]] | None = None
    length: int = 0
    accept: tuple[int, ...] = (HTTPStatus.OK,)
    write: bool = False
    source: str = ""  # a repository that is mounted from
    limit: int = MOST_OF_AN_ANSWER

    @property
    def scopes(self) -> tuple[str, ...]:
        """Give the rights it needs."""
        own = f"repository:{self.repository}:{'pull,push' if self.write else 'pull'}"
        return (own, f"repository:{self.source}:pull") if self.source else (own,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer; ``location`` is absolute, or empty."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    location: str


class RegistryClient:
    """Calls registries. Safe for several threads; keeps connections and tokens."""

    def __init__(self, settings: RegistrySettings, keychain: Keychain) -> None:
        """Use these settings and credentials; nothing is connected yet."""
        self.settings = settings
        self._transport = Transport(settings)
        self._authorizer = Authorizer(self._transport, keychain, settings.patience.clock)

    def find_credentials(self, host: str, repository: str) -> None:
        """Look for a repository's credentials now, to be used later."""
        self._authorizer.lookup(host, repository)

    def call(self, call: Call) -> Answer:
        """Make a call, again if that may help, and read its answer.

        Raises:
            StoreError: no answer, or one that is not accepted.
        """
        return self._trying(lambda: self.call_once(call))

    def call_once(self, call: Call) -> Answer:
        """Make a call whose caller knows better how to try again."""
        response = self._open(call)
        url = self._url(call)
        location = response.headers.get("Location", "")
        return Answer(
            status=response.status,
            headers=response.headers,
            data=read_limited(response, call.host, call.limit),
            location=urljoin(url, location) if location else "",
        )

    def open(self, call: Call) -> BaseHTTPResponse:
        """Make a call whose answer is to be read bit by bit.

        Raises:
            StoreError: no answer, or one that is not accepted.
        """
        return self._trying(lambda: self._open(call))

    def is_registry(self, call: Call) -> bool:
        """Tell whether the host of a call speaks the protocol at all, for one that just says "not found"."""
        url = f"{self._transport.base(address(call.host))}/v2/"
        response = self._transport.send(Request(method="GET", url=url))
        read_limited(response, call.host)
        return response.status in {HTTPStatus.OK, *_DENIED}

    def wait(self, failures: int, error: StoreError) -> bool:
        """Wait before the next try; False when the error is none that passes, or there were tries enough."""
        patience = self.settings.patience
        retry_after = error.retry_after if isinstance(error, RegistryRefusedError) else None
        if not is_passing(error) or failures >= patience.tries or (retry_after or 0) > patience.longest_retry_after:
            return False
        patience.sleep(patience.delay(failures, retry_after))
        return True

    def _trying(self, attempt: Callable[[], _T]) -> _T:
        failures = 0
        while True:
            try:
                return attempt()
            except StoreError as error:
                failures += 1
                if not self.wait(failures, error):
                    raise

    def _open(self, call: Call) -> BaseHTTPResponse:
        used = self._authorization(call)
        response = self._send(call, used)
        if response.status == HTTPStatus.UNAUTHORIZED and self._is_its_own(call):
            asked = ", ".join(response.headers.getlist("WWW-Authenticate"))
            if self._authorizer.learn(call.host, asked, used):
                renewed = self._authorization(call)
                if renewed and renewed != used:
                    read_limited(response, call.host)
                    response = self._send(call, renewed)
        if response.status not in call.accept:
            raise self._refused(call, response)
        return response

    def _send(self, call: Call, authorization: str) -> BaseHTTPResponse:
        headers = {**call.headers, **({"Authorization": authorization} if authorization else {})}
        request = Request(method=call.method, url=self._url(call), headers=headers, body=call.body, length=call.length)
        return self._transport.send(request)

    def _authorization(self, call: Call) -> str:
        if not self._is_its_own(call):
            return ""  # an upload's Location may be another host's, which has its own signature
        return self._authorizer.header(call.host, call.repository, call.scopes)

    def _is_its_own(self, call: Call) -> bool:
        return not call.url or call.url.startswith(f"{self._transport.base(address(call.host))}/")

    def _url(self, call: Call) -> str:
        if call.url:
            return call.url
        return f"{self._transport.base(address(call.host))}/v2/{call.repository}/{call.path}"

    def _refused(self, call: Call, response: BaseHTTPResponse) -> StoreError:
        data = read_limited(response, call.host)
        if response.status in _DENIED and self._is_its_own(call) and b"quota" not in data.lower():
            lookup = self._authorizer.lookup(call.host, call.repository)
            action = "write to" if call.write else "read"
            return denial(call.host, call.repository, action, lookup, (response.status, data))
        asked = f"{call.method} {urlsplit(redact(self._url(call))).path}"
        return refusal(call.host, asked, response.status, response.headers, data)


def is_passing(error: StoreError) -> bool:
    """Tell whether the same call may succeed a little later."""
    if isinstance(error, RegistryRefusedError):
        return error.status in _PASSING
    return isinstance(error, RegistryUnreachableError) and error.kind in _PASSING_KINDS
