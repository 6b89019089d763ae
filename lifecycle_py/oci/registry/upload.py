"""Bringing a blob into a repository: there already, mounted from a neighbour, sent whole, or sent in chunks.

Spec: opencontainers/distribution-spec ``spec.md`` "Pushing blobs", "Mounting a blob from another repository".
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import urlencode

from lifecycle_py.oci.errors import (
    BlobCorruptError,
    RegistryAnswerError,
    RegistryDeniedError,
    RegistryRefusedError,
    StoreError,
)
from lifecycle_py.oci.model import Descriptor
from lifecycle_py.oci.registry.client import Answer, Call, RegistryClient, is_passing

_BLOCK: Final = 1 << 18
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_LOST: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """A blob to bring in. ``open_bytes`` opens it, as often as needed; ``source`` is a repository that has it."""

    entry: Descriptor
    open_bytes: Callable[[], BinaryIO]
    source: str = ""


class UploadStoppedError(Exception):
    """Another upload of the same image failed, so this one is of no use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session:
    location: str
    least_chunk: int


class Uploader:
    """Brings blobs into one repository. Safe for several threads."""

    def __init__(self, client: RegistryClient, host: str, repository: str, stop: threading.Event) -> None:
        """Upload until ``stop`` is set."""
        self._client = client
        self._host = host
        self._repository = repository
        self._stop = stop

    def bring(self, blob: Blob) -> None:
        """Make sure that the repository has the blob.

        Raises:
            StoreError: it could not be brought there.
            UploadStoppedError: stopped from outside.
        """
        failures = 0
        while not self.has(blob.entry):
            try:
                session = self._mount(blob) if blob.source and not failures else self.start()
                if session is None:
                    return
                if failures or blob.entry.size > self._client.settings.chunked_from:
                    self._send_chunks(blob, session)
                else:
                    self._send_whole(blob, session)
            except StoreError as error:
                failures += 1
                if not self._may_try_again(error, failures):
                    raise
            else:
                return

    def has(self, entry: Descriptor) -> bool:
        """Ask whether the repository has a blob of this size."""
        call = self._call("HEAD", path=f"blobs/{entry.digest}", accept=(HTTPStatus.OK, HTTPStatus.NOT_FOUND))
        answer = self._client.call(call)
        return answer.status == HTTPStatus.OK and answer.headers.get("Content-Length", str(entry.size)) == str(
            entry.size
        )

    def start(self) -> _Session:
        """Start an upload."""
        return self._session(self._client.call(self._call("POST", path="blobs/uploads/", accept=(202,))))

    def cancel(self, session: _Session) -> None:
        """Give an upload up; registries that cannot do that forget it in time."""
        with contextlib.suppress(StoreError):
            self._client.call_once(self._call("DELETE", url=session.location, accept=(204, 202, 200, 404, 405)))

    def _mount(self, blob: Blob) -> _Session | None:
        """Mount from the source; None when that was all, else a session to upload in."""
        query = urlencode({"mount": blob.entry.digest, "from": blob.source})
        call = self._call("POST", path=f"blobs/uploads/?{query}", accept=(201, 202))
        try:
            answer = self._client.call(replace(call, source=blob.source))
        except (RegistryDeniedError, RegistryRefusedError):
            return self.start()
        return None if answer.status == HTTPStatus.CREATED else self._session(answer)

    def _send_whole(self, blob: Blob, session: _Session) -> None:
        size = blob.entry.size
        self._finish(
            blob,
            session,
            lambda url: self._call(
                "PUT", url=url, accept=(201, 204), body=lambda: self._bytes(blob, 0, size), length=size
            ),
        )

    def _send_chunks(self, blob: Blob, session: _Session) -> None:
        """Send chunk after chunk; after a failure ask how far the registry has come, and go on from there."""
        position, failures = 0, 0
        chunk = max(self._client.settings.chunk_size, session.least_chunk)
        while position < blob.entry.size:
            end = min(position + chunk, blob.entry.size)
            try:
                session = self._send_chunk(blob, session, position, end)
                position, failures = end, 0
            except StoreError as error:
                failures += 1
                lost = (
                    isinstance(error, RegistryRefusedError)
                    and error.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
                )
                if not (lost and failures < self._client.settings.patience.tries) and not self._client.wait(
                    failures, error
                ):
                    raise
                session, position = self._progress(session)
        self._finish(blob, session, lambda url: self._call("PUT", url=url, accept=(201, 204)))

    def _send_chunk(self, blob: Blob, session: _Session, start: int, end: int) -> _Session:
        headers = {"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{end - 1}"}
        call = self._call(
            "PATCH",
            url=session.location,
            accept=(202, 204),
            body=lambda: self._bytes(blob, start, end),
            length=end - start,
        )
        answer = self._client.call_once(replace(call, headers=headers))
        return self._session(answer, session)

    def _progress(self, session: _Session) -> tuple[_Session, int]:
        answer = self._client.call(self._call("GET", url=session.location, accept=(204, 200)))
        known = _RANGE.fullmatch(answer.headers.get("Range", ""))
        # "0-0" is what registries answer before the first byte, too; that byte is sent again then.
        position = int(known[1]) + 1 if known and int(known[1]) else 0
        return self._session(answer, session), position

    def _finish(self, blob: Blob, session: _Session, call: Callable[[str], Call]) -> None:
        joint = "&" if "?" in session.location else "?"
        url = f"{session.location}{joint}{urlencode({'digest': blob.entry.digest})}"
        answer = self._client.call_once(replace(call(url), headers={"Content-Type": "application/octet-stream"}))
        said = answer.headers.get("Docker-Content-Digest", "") or blob.entry.digest
        if said != blob.entry.digest:
            problem = f"it was stored as {said}"
            raise RegistryAnswerError(registry=self._host, subject=f"blob {blob.entry.digest}", problem=problem)

    def _bytes(self, blob: Blob, start: int, end: int) -> Iterator[bytes]:
        """Read a part of the blob; one that has changed meanwhile is not sent with the wrong length."""
        with blob.open_bytes() as file:
            _skip(file, start)
            position = start
            while position < end:
                if self._stop.is_set():
                    raise UploadStoppedError
                data = file.read(min(_BLOCK, end - position))
                if not data:
                    raise BlobCorruptError(
                        place="an image's layer", expected=f"{blob.entry.size} bytes", actual=f"{position} bytes"
                    )
                position += len(data)
                yield data

    def _may_try_again(self, error: StoreError, failures: int) -> bool:
        if isinstance(error, RegistryRefusedError) and error.status in _LOST:
            # The upload was forgotten, by a restart or a timeout: a new one will do, after a moment.
            error = replace(error, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return is_passing(error) and self._client.wait(failures, error)

    def _session(self, answer: Answer, before: _Session | None = None) -> _Session:
        location = answer.location or (before.location if before else "")
        if not location:
            raise RegistryAnswerError(registry=self._host, subject="an upload", problem="it names no Location")
        least = answer.headers.get("OCI-Chunk-Min-Length", "")
        known = before.least_chunk if before else 0
        return _Session(location=location, least_chunk=int(least) if least.isdecimal() else known)

    def _call(
        self,
        method: str,
        *,
        accept: tuple[int, ...],
        path: str = "",
        url: str = "",
        body: Callable[[], Iterator[bytes]] | None = None,
        length: int = 0,
    ) -> Call:
        return Call(
            method=method,
            host=self._host,
            repository=self._repository,
            path=path,
            url=url,
            accept=accept,
            body=body,
            length=length,
            write=True,
        )


def _skip(file: BinaryIO, start: int) -> None:
    if start:
        try:
            file.seek(start)
        except OSError:  # a blob of a registry is read from its start
            while start:
                start -= len(file.read(min(_BLOCK, start)))
