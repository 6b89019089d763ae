"""Reading a blob from a registry bit by bit, whatever happens to the connection, and verified at its end.

Spec: opencontainers/distribution-spec ``spec.md`` "Pulling blobs"; RFC 9110 §14 for ranges.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, cast

from lifecycle_py.oci.errors import RegistryAnswerError, StoreError
from lifecycle_py.oci.model import Descriptor
from lifecycle_py.oci.registry.client import Call, RegistryClient
from lifecycle_py.oci.registry.transport import connection_error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3.response import BaseHTTPResponse

_BUFFER = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteBlob:
    """A blob in a registry, as a layer's ``open_blob``. ``hosts`` are asked in this order; the last is its home."""

    client: RegistryClient
    hosts: tuple[str, ...]
    repository: str
    blob: Descriptor

    @property
    def home(self) -> str:
        """Give the registry it belongs to, mirrors aside."""
        return self.hosts[-1]

    def __call__(self) -> BinaryIO:
        """Open it; nothing is asked before the first read. The last bytes come only if the whole has the digest."""
        return cast("BinaryIO", io.BufferedReader(_BlobReader(self), _BUFFER))


class _BlobReader(io.RawIOBase):
    """Reads forward; may go back to the start, as a look at the first bytes does."""

    def __init__(self, source: RemoteBlob) -> None:
        self._source = source
        self._hosts = list(source.hosts)
        self._response: BaseHTTPResponse | None = None
        self._failures = 0
        self._rewind()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._position
        if whence == io.SEEK_END or offset not in {0, self._position}:
            raise io.UnsupportedOperation("a blob of a registry is read from its start")
        if offset != self._position:
            self._drop()
            self._rewind()
        return offset

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._source.blob.size - self._position)
        if not wanted:
            return 0
        data = self._read(wanted)
        self._hash.update(data)
        self._position += len(data)
        if self._position == self._source.blob.size:
            self._verify()
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _rewind(self) -> None:
        self._position = 0
        self._hash = hashlib.new(self._source.blob.digest.partition(":")[0])

    def _read(self, wanted: int) -> bytes:
        """Read some bytes; a broken connection is taken up again where it broke, also at the next host."""
        while True:
            try:
                if self._response is None:
                    self._response = self._open()
                data = self._read_some(self._response, wanted)
            except StoreError as error:
                self._drop()
                self._failures += 1
                if self._source.client.wait(self._failures, error):
                    continue
                if len(self._hosts) == 1:
                    raise
                self._hosts.pop(0)
                self._failures = 0
            else:
                self._failures = 0
                return data

    def _read_some(self, response: BaseHTTPResponse, wanted: int) -> bytes:
        import urllib3

        host = self._hosts[0]
        try:
            data = response.read(wanted)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise connection_error(host, error) from error
        if not data:
            # urllib3 tells a body that is shorter than announced; this one was never announced as whole.
            problem = f"it has {self._position} bytes instead of {self._source.blob.size}"
            raise RegistryAnswerError(registry=host, subject=f"blob {self._source.blob.digest}", problem=problem)
        return data

    def _open(self) -> BaseHTTPResponse:
        source, start = self._source, self._position
        response = source.client.open(
            Call(
                method="GET",
                host=self._hosts[0],
                repository=source.repository,
                path=f"blobs/{source.blob.digest}",
                headers={"Range": f"bytes={start}-"} if start else {},
                accept=(HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT) if start else (HTTPStatus.OK,),
            )
        )
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if start and not (response.status == HTTPStatus.PARTIAL_CONTENT and resumed):
            self._skip(response, start)
        return response

    def _skip(self, response: BaseHTTPResponse, start: int) -> None:
        """Read past what is there already: this registry ignores ranges."""
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            problem = "it gave another range than it was asked for"
            raise RegistryAnswerError(
                registry=self._hosts[0], subject=f"blob {self._source.blob.digest}", problem=problem
            )
        while start:
            start -= len(self._read_some(response, min(start, _BUFFER)))

    def _verify(self) -> None:
        algorithm = self._source.blob.digest.partition(":")[0]
        actual = f"{algorithm}:{self._hash.hexdigest()}"
        self._drop()
        if actual != self._source.blob.digest:
            problem = f"its digest is {actual}"
            raise RegistryAnswerError(
                registry=self._hosts[0], subject=f"blob {self._source.blob.digest}", problem=problem
            )

    def _drop(self) -> None:
        if self._response is not None:
            if self._position < self._source.blob.size:
                self._response.close()
            else:
                self._response.drain_conn()
            self._response.release_conn()
            self._response = None
