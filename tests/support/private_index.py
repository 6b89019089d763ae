"""A package index that asks for a password, with one package; served on the loopback interface."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PACKAGE, MODULE = "offramp-private-greeting", "offramp_private_greeting"
_WHEEL = f"{MODULE}-1.0-py3-none-any.whl"


@dataclass(frozen=True, kw_only=True)
class PrivateIndex:
    """The running index; ``asked`` lists the paths of the requests that had the password."""

    port: int
    user: str
    password: str
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Give the address without the password."""
        return f"http://127.0.0.1:{self.port}/simple/"

    @property
    def secret_address(self) -> str:
        """Give the address with the password."""
        return self.address.replace("://", f"://{self.user}:{self.password}@")

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Give the password in the forms in which it could leak."""
        pair = f"{self.user}:{self.password}".encode()
        return self.password.encode(), base64.b64encode(pair)


@contextmanager
def private_index(user: str = "deploy", password: str = "correct-horse-battery-41") -> Iterator[PrivateIndex]:  # noqa: S107 - to be searched for
    """Serve the index."""
    wheel = _make_wheel()
    link = f'<a href="/files/{_WHEEL}#sha256={hashlib.sha256(wheel).hexdigest()}">{_WHEEL}</a>'
    pages = {
        f"/simple/{PACKAGE}/": ("text/html", f"<!doctype html><title>x</title>{link}".encode()),
        f"/files/{_WHEEL}": ("application/zip", wheel),
    }
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != expected:
                self._answer(401, "text/plain", b"who are you?")
                return
            asked.append(self.path)
            kind, body = pages.get(self.path, ("text/plain", b""))
            self._answer(200 if self.path in pages else 404, kind, body)

        do_HEAD = do_GET  # noqa: N815 - the base class's form

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "max-age=600")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield PrivateIndex(port=server.server_port, user=user, password=password, asked=asked)
        finally:
            server.shutdown()


def _make_wheel() -> bytes:
    info = f"{MODULE}-1.0.dist-info"
    files = {
        f"{MODULE}.py": 'GREETING = "hello from the private index"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return data.getvalue()
