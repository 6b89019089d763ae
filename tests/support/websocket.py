"""A WebSocket client for tests (RFC 6455), as far as a chat in JSON goes; and what Action Cable says over one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any
from urllib.parse import urlsplit

_ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class WebSocket:
    """An open connection."""

    connection: socket.socket
    reader: BufferedReader

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._send(_TEXT, json.dumps(message).encode())

    def receive(self) -> dict[str, Any]:
        """Wait for a message; pings are answered on the way."""
        while True:
            opcode, data = self._frame()
            if opcode == _TEXT:
                message: dict[str, Any] = json.loads(data)
                return message
            assert opcode != _CLOSE, f"the server closed the connection: {data!r}"
            if opcode == _PING:
                self._send(_PONG, data)

    def _frame(self) -> tuple[int, bytes]:
        first, length = self.reader.read(2)
        assert first & 0x80, "messages in several frames are not expected"
        if length == 126:
            (length,) = struct.unpack("!H", self.reader.read(2))
        return first & 0x0F, self.reader.read(length)

    def _send(self, opcode: int, data: bytes) -> None:
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self.connection.sendall(bytes([0x80 | opcode]) + length + mask + masked)


@contextlib.contextmanager
def web_socket(url: str, *, origin: str = "", protocol: str = "") -> Iterator[WebSocket]:
    """Open a connection to an ``http`` address; ``origin`` is by default the address's own, as a browser sends it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Upgrade: websocket", "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
        f"Origin: {origin or f'{parts.scheme}://{parts.netloc}'}",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
    ]  # fmt: skip
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=_PATIENCE) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        with connection.makefile("rb") as reader:
            status = reader.readline().decode().strip()
            headers = dict(_headers(reader))
            if " 101 " not in f"{status} ":
                raise ConnectionRefusedError(status)
            expected = base64.b64encode(hashlib.sha1(f"{key}{_ACCEPT}".encode()).digest()).decode()  # noqa: S324 - RFC 6455
            assert headers["sec-websocket-accept"] == expected
            yield WebSocket(connection=connection, reader=reader)


@contextlib.contextmanager
def cable(base: str, channel: str) -> Iterator[Cable]:
    """Open a connection to an app's Action Cable and subscribe to a channel."""
    with web_socket(f"{base}/cable", protocol="actioncable-v1-json") as connection:
        subscribed = Cable(connection=connection, identifier=json.dumps({"channel": channel}))
        assert subscribed.next("type") == "welcome"
        connection.send({"command": "subscribe", "identifier": subscribed.identifier})
        assert subscribed.next("type") == "confirm_subscription"
        yield subscribed


@dataclass(frozen=True, kw_only=True)
class Cable:
    """A subscription to a channel of Action Cable."""

    connection: WebSocket
    identifier: str

    def next(self, name: str = "message") -> Any:
        """Wait for what is no ping, and give a part of it."""
        while True:
            message = self.connection.receive()
            if message.get("type") != "ping":
                assert name in message, message
                return message[name]

    def perform(self, action: str, **data: str) -> None:
        """Call a method of the channel."""
        text = json.dumps({"action": action, **data})
        self.connection.send({"command": "message", "identifier": self.identifier, "data": text})


def _headers(reader: BufferedReader) -> Iterator[tuple[str, str]]:
    while line := reader.readline().decode().strip():
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()
