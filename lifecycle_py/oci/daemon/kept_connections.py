"""Connections to a Docker socket that outlive the right to open one.

A lifecycle phase begins as root, who may open the socket, and goes on as the build user, who may not
(reference/cnb.md §b.4 "Privilege model"). So root opens a few connections beforehand; later ones come from these.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

_SPARE: Final = 3
# A daemon ends a connection that asks nothing for minutes after it was opened, but keeps one that asked once.
_FIRST_REQUEST: Final = b"HEAD /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n"


class KeptConnections(UnixHTTPAdapter):  # type: ignore[misc] # the library is not typed
    """What the docker library sends requests through, with spare connections if this process is root."""

    def __init__(self, path: str, timeout: float) -> None:
        """Open the spare connections.

        Raises:
            OSError: there is no such socket, or nobody listens.
        """
        super().__init__(f"http+unix://{path}", timeout)
        _connected(path).close()
        self._spare = [_opened(path) for _ in range(_SPARE)] if os.geteuid() == 0 else []
        self._pool = _Pool("http+docker://localhost", path, timeout, self._spare)

    def get_connection(self, url: str, proxies: object = None) -> _Pool:
        """Give the pool; there is one for all requests, where the library has one for each URL."""
        del url, proxies
        return self._pool

    def close(self) -> None:
        """Close the spare connections, too."""
        while self._spare:
            self._spare.pop().close()
        self._pool.close()
        super().close()


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def __init__(self, url: str, path: str, timeout: float, spare: list[socket.socket]) -> None:
        super().__init__(url, path, timeout)
        self._spare = spare

    def _new_conn(self) -> UnixHTTPConnection:
        return _Connection(self.base_url, self.socket_path, self.timeout, self._spare)


class _Connection(UnixHTTPConnection):  # type: ignore[misc]
    def __init__(self, url: str, path: str, timeout: float, spare: list[socket.socket]) -> None:
        super().__init__(url, path, timeout)
        self._spare = spare

    def connect(self) -> None:
        try:
            self.sock = _connected(self.unix_socket)
        except PermissionError:
            if not self._spare:
                raise
            self.sock = self._spare.pop()
        self.sock.settimeout(self.timeout)


def _opened(path: str) -> socket.socket:
    """Connect, and ask something."""
    connection = _connected(path)
    connection.settimeout(60)
    connection.sendall(_FIRST_REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer:  # a HEAD's answer has no body
        received = connection.recv(4096)
        if not received:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        answer += received
    return connection


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection
