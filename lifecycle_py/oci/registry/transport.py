"""One request to one host, and where its redirects lead: connections, TLS, proxies. Knows nothing of registries."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from lifecycle_py.oci.errors import RegistryAnswerError, RegistryError, RegistryTlsError, RegistryUnreachableError
from lifecycle_py.oci.registry.proxies import proxy_for
from lifecycle_py.oci.registry.reference import is_loopback, is_private_address
from lifecycle_py.oci.registry.settings import RegistrySettings
from lifecycle_py.oci.registry.tls import tls_context

if TYPE_CHECKING:
    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse

MOST_OF_AN_ANSWER: Final = 4 << 20  # bytes; what the specification asks registries to take as a manifest
_MOST_REDIRECTS: Final = 5
_BLOCK: Final = 1 << 18
_HTTP_TO_HTTPS: Final = 400  # what servers answer to plain http on a TLS port


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request. ``body`` opens its bytes anew for each try; ``length`` is their number."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Iterable[bytes]] | None = None
    length: int = 0


class Transport:
    """Sends requests; keeps connections open. Safe for several threads."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Use these settings; nothing is connected yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str], PoolManager] = {}
        self._schemes: dict[str, str] = {}

    def base(self, host: str) -> str:
        """Give ``scheme://host``: https, but for this machine and insecure registries what they speak."""
        return f"{self._scheme(host)}://{host}"

    def send(self, request: Request) -> BaseHTTPResponse:
        """Send a request and follow its redirects; the response's body is not read yet.

        Authorization goes to the host it was meant for, to no other.

        Raises:
            RegistryError: there was no response, or it redirects where it must not.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send_once(request)
            target = _redirect(request, response)
            if not target:
                return response
            response.drain_conn()
            response.release_conn()
            request = _redirected(request, target)
        host = urlsplit(request.url).netloc
        raise RegistryAnswerError(registry=host, subject=redact(request.url), problem="it redirects without end")

    def _scheme(self, host: str) -> str:
        loopback = is_loopback(host)
        if not loopback and host not in self._settings.insecure:
            return "https"
        with self._lock:
            if host not in self._schemes:
                self._schemes[host] = self._probe(host, ("http", "https") if loopback else ("https", "http"))
            return self._schemes[host]

    def _probe(self, host: str, schemes: tuple[str, str]) -> str:
        """Ask which protocol a host speaks that may speak either; nothing secret is sent.

        Raises:
            RegistryError: neither, so nothing is known of the host yet.
        """
        errors: list[RegistryError] = []
        for scheme in schemes:
            try:
                response = self._send_once(Request(method="GET", url=f"{scheme}://{host}/v2/"))
            except RegistryError as error:
                errors.append(error)
                continue
            response.drain_conn()
            response.release_conn()
            if scheme == "https" or response.status != _HTTP_TO_HTTPS:
                return scheme
        # A certificate that is not trusted is the cause; "no TLS" from one that speaks http is not.
        raise min(errors, key=_rank)

    def _send_once(self, request: Request) -> BaseHTTPResponse:
        import urllib3

        host = urlsplit(request.url).netloc
        try:
            return self._pool(request.url).request(
                request.method,
                request.url,
                headers={
                    "User-Agent": "offramp",
                    **request.headers,
                    **({"Content-Length": str(request.length)} if request.method in {"POST", "PUT", "PATCH"} else {}),
                },
                body=request.body() if request.body else None,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise connection_error(host, error) from error

    def _pool(self, url: str) -> PoolManager:
        import urllib3

        parts, proxy = urlsplit(url), proxy_for(url, self._settings.environ)
        key = (f"{parts.scheme}://{parts.netloc}", proxy)
        if pool := self._pools.get(key):
            return pool
        if parts.netloc in self._settings.insecure:
            # The user has decided; a warning per request would tell nobody anything.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        timeout = urllib3.Timeout(connect=self._settings.connect_timeout, read=self._settings.read_timeout)
        context = tls_context(parts.netloc, self._settings) if parts.scheme == "https" else None
        options = {
            "maxsize": self._settings.workers + 1,
            "timeout": timeout,
            "ssl_context": context,
            "blocksize": _BLOCK,
        }
        if proxy:
            login = urlsplit(proxy)
            headers = (
                urllib3.make_headers(proxy_basic_auth=unquote(f"{login.username}:{login.password or ''}"))
                if login.username
                else None
            )
            pool = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)  # type: ignore[arg-type]
        else:
            pool = urllib3.PoolManager(**options)  # type: ignore[arg-type]
        return self._pools.setdefault(key, pool)


def read_limited(response: BaseHTTPResponse, host: str, limit: int = MOST_OF_AN_ANSWER) -> bytes:
    """Read a whole answer and give the connection back.

    Raises:
        RegistryError: the connection broke, or the answer has more than ``limit`` bytes.
    """
    import urllib3

    try:
        data = bytearray()
        while len(data) <= limit and (chunk := response.read(limit + 1 - len(data))):
            data += chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        response.close()
        raise connection_error(host, error) from error
    if len(data) > limit:
        response.close()
        raise RegistryAnswerError(registry=host, subject="a request", problem=f"it is longer than {limit} bytes")
    response.release_conn()
    return bytes(data)


def redact(url: str) -> str:
    """Give a URL that can be shown: signatures and states stand in queries, passwords before the host."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def connection_error(host: str, error: Exception) -> RegistryError:
    """Turn what broke a connection into an error that says what to look at."""
    import urllib3.exceptions as kinds

    cause: BaseException = error
    if isinstance(error, kinds.MaxRetryError) and error.reason:
        cause = error.reason
    if isinstance(cause, kinds.ProxyError):
        return RegistryUnreachableError(registry=host, kind="proxy", problem=str(cause.original_error))
    if isinstance(cause, kinds.SSLError):
        return RegistryTlsError(registry=host, problem=str(cause.args[0] if cause.args else cause))
    if isinstance(cause, kinds.NameResolutionError):
        return RegistryUnreachableError(registry=host, kind="name", problem="its name is not known here")
    if isinstance(cause, kinds.TimeoutError) and not isinstance(cause, kinds.NewConnectionError):
        return RegistryUnreachableError(registry=host, kind="timeout", problem="it did not answer in time")
    if isinstance(cause, kinds.NewConnectionError):
        return RegistryUnreachableError(registry=host, kind="refused", problem=str(cause.__cause__ or cause))
    return RegistryUnreachableError(registry=host, kind="broken", problem=f"the connection broke: {cause}")


def _rank(error: RegistryError) -> int:
    if isinstance(error, RegistryTlsError):
        return 0 if "VERIFY" in error.problem else 2
    return 1


def _redirect(request: Request, response: BaseHTTPResponse) -> str:
    location = response.headers.get("Location", "")
    keeps_method = response.status in {307, 308}
    reads = request.method in {"GET", "HEAD"}
    if location and (keeps_method or (reads and response.status in {301, 302, 303})):
        return urljoin(request.url, location)
    return ""


def _redirected(request: Request, target: str) -> Request:
    """Give the request to where a redirect leads.

    Raises:
        RegistryAnswerError: it leads out of TLS, or to an address that only means something inside of a network.
    """
    before, after = urlsplit(request.url), urlsplit(target)
    if (before.scheme, before.netloc) == (after.scheme, after.netloc):
        return replace(request, url=target)
    problem = ""
    if after.scheme not in {"http", "https"} or (before.scheme == "https" and after.scheme == "http"):
        problem = f"it redirects to {redact(target)}, which is not secure"
    elif is_private_address(after.netloc) and not is_private_address(before.netloc):
        problem = f"it redirects to {redact(target)}, an address of a private network"
    if problem:
        raise RegistryAnswerError(registry=before.netloc, subject=redact(request.url), problem=problem)
    headers = {key: value for key, value in request.headers.items() if key.lower() not in {"authorization", "cookie"}}
    return replace(request, url=target, headers=headers)
