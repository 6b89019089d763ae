"""Downloads: verified by their sha256 before anything looks inside, tried again with growing pauses, from mirrors.

A slow network is never reported as a file that does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, cast

from buildpacks.sdk.errors import ChecksumMismatchError, DownloadFailedError, DownloadNotFoundError
from buildpacks.sdk.redaction import redact_urls

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractContextManager

T = TypeVar("T")

_BLOCK = 1 << 20
_LARGEST_DOCUMENT = 16 << 20
_TIMEOUT_SECONDS = 30.0
_PAUSES = (1.0, 3.0, 9.0)
_GONE = (404, 410)
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """How to download: seams for tests, and for a buildpack with other needs."""

    open_url: Callable[[str], AbstractContextManager[IO[bytes]]]
    pauses: tuple[float, ...] = _PAUSES
    sleep: Callable[[float], None] = time.sleep


def with_mirror(url: str, environment: Mapping[str, str], variable: str, base: str) -> str:
    """Replace ``base``, the beginning of ``url``, by the mirror the user set in ``variable``, if any."""
    mirror = environment.get(variable, "").rstrip("/")
    return mirror + url.removeprefix(base.rstrip("/")) if mirror and url.startswith(base) else url


def download(url: str, sha256: str, to: Path, downloader: Downloader | None = None) -> Path:
    """Download a file whole, check it, and only then give it its name ``to``.

    Raises:
        ChecksumMismatchError: the file is not the expected one.
        DownloadNotFoundError: the server says that there is no such file.
        DownloadFailedError: the network or the server failed again and again.
    """

    def check(_file: Path, actual: str) -> None:
        if actual != sha256.lower():
            raise ChecksumMismatchError(url=redact_urls(url), expected=sha256.lower(), actual=actual)

    return download_checked(url, to, check, downloader)


def download_checked(
    url: str, to: Path, check: Callable[[Path, str], None], downloader: Downloader | None = None
) -> Path:
    """Download a file whole, and give it its name ``to`` once ``check`` accepts it.

    Args:
        url: its address.
        to: where it goes; parents are made.
        check: is given the file and its sha256, and raises when they are not what they have to be.
        downloader: a seam for tests.

    Raises:
        DownloadNotFoundError: the server says that there is no such file.
        DownloadFailedError: the network or the server failed again and again.
    """
    how = downloader or Downloader(open_url=_open_url)
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f".{to.name}.partial")
    try:
        check(partial, _with_retries(lambda: _fetch(url, partial, how), url, how))
        return partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)


def fetch(url: str, downloader: Downloader | None = None) -> bytes:
    """Fetch a small document, at most 16 MiB; for the caller to check, as nothing here can.

    Raises:
        DownloadNotFoundError: the server says that there is no such file.
        DownloadFailedError: the network or the server failed again and again, or the document is larger.
    """
    how = downloader or Downloader(open_url=_open_url)

    def read() -> bytes:
        with how.open_url(url) as response:
            data = response.read(_LARGEST_DOCUMENT + 1)
            _check_length(response, len(data))
        return data

    data = _with_retries(read, url, how)
    if len(data) > _LARGEST_DOCUMENT:
        raise DownloadFailedError(url=redact_urls(url), problem="the document is too large", attempts=1)
    return data


def _with_retries(attempt: Callable[[], T], url: str, how: Downloader) -> T:
    from http.client import HTTPException
    from urllib.error import HTTPError

    problem = ""
    for pause in (0.0, *how.pauses):
        if pause:
            how.sleep(pause)
        try:
            return attempt()
        except HTTPError as error:
            if error.code in _GONE:
                raise DownloadNotFoundError(url=redact_urls(url), status=error.code) from None
            problem = f"the server answered with status {error.code}"
            if error.code not in _MAY_PASS:
                raise DownloadFailedError(url=redact_urls(url), problem=problem, attempts=1) from None
        except FileNotFoundError:  # a file: mirror that lacks the file
            raise DownloadNotFoundError(url=redact_urls(url), status=_GONE[0]) from None
        except (OSError, HTTPException) as error:
            problem = _describe(error)
    raise DownloadFailedError(url=redact_urls(url), problem=problem, attempts=len(how.pauses) + 1)


def _fetch(url: str, partial: Path, how: Downloader) -> str:
    import hashlib

    digest = hashlib.sha256()
    with how.open_url(url) as response, partial.open("wb") as file:
        while block := response.read(_BLOCK):
            digest.update(block)
            file.write(block)
        _check_length(response, file.tell())
    return digest.hexdigest()


def _check_length(response: IO[bytes], received: int) -> None:
    # urllib ends silently when a connection breaks; the announced length tells.
    headers = getattr(response, "headers", None) or {}
    announced = headers.get("Content-Length")
    if announced is not None and announced.isdigit() and int(announced) != received:
        message = f"the connection ended after {received} of {announced} bytes"
        raise ConnectionError(message)


def _describe(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"the server did not answer within {_TIMEOUT_SECONDS:.0f} seconds"
    return str(reason) or type(reason).__name__


@contextmanager
def _open_url(url: str) -> Iterator[IO[bytes]]:
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    address, credentials = _split_credentials(url)
    request = Request(address, headers={"User-Agent": "offramp"})  # noqa: S310 - https, http or file, as the user's mirror says
    if credentials:
        # For this server only: a redirection may lead to another one.
        request.add_unredirected_header("Authorization", f"Basic {credentials}")
    try:
        response = urlopen(request, timeout=_TIMEOUT_SECONDS, context=_trust())  # noqa: S310 - as above
    except URLError as error:
        if isinstance(error.reason, FileNotFoundError):
            raise error.reason from None
        raise
    with response:
        yield cast("IO[bytes]", response)


def _split_credentials(url: str) -> tuple[str, str]:
    """Take ``user:password@`` out of an address; give the rest, and the value that HTTP sends for them."""
    from base64 import b64encode
    from urllib.parse import unquote

    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if not at:
        return url, ""
    return f"{scheme}{separator}{host}{slash}{path}", b64encode(unquote(user).encode()).decode()


def _trust() -> ssl.SSLContext:
    """Give the rules for certificates: all of OpenSSL's, as for curl and pip, but not those of form alone.

    Python 3.13 refuses certificates without extensions that many companies' authorities leave out. Who signed a
    certificate, for whom, and until when, is checked as ever.
    """
    import ssl

    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
