"""Debian's ``docker-registry`` on a free port of this machine, with passwords or TLS where asked."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """
version: 0.1
log: {{accesslog: {{disabled: false}}, level: info}}
storage: {{filesystem: {{rootdirectory: {root}/data}}, delete: {{enabled: true}}}}
http: {{addr: "{host}"{tls}}}
"""
_REQUEST = re.compile(r'"(GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) HTTP/')


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files of a server and of the authority that signed it; clients may have to show a certificate of it, too."""

    authority: Path
    certificate: Path
    key: Path
    asks_clients: bool = False


class DockerRegistry:
    """A registry that runs."""

    def __init__(self, directory: Path, user: tuple[str, str] | None, tls: Tls | None) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        self.host = f"127.0.0.1:{_free_port()}"
        clients = f", clientcas: [{tls.authority}]" if tls and tls.asks_clients else ""
        secure = f", tls: {{certificate: {tls.certificate}, key: {tls.key}{clients}}}" if tls else ""
        config = _CONFIG.format(root=directory, host=self.host, tls=secure)
        if user:
            (directory / "htpasswd").write_text(f"{user[0]}:{_bcrypt(user[1])}\n")
            config += f"auth: {{htpasswd: {{realm: test, path: {directory}/htpasswd}}}}\n"
        (directory / "config.yml").write_text(config)
        self._process: subprocess.Popen[bytes] | None = None
        self.begin()

    def begin(self) -> None:
        """Start it and wait until it listens."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(self.directory / "config.yml")], stdout=log, stderr=log
            )
        host, port = self.host.split(":")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return
            time.sleep(0.05)
        raise TimeoutError((self.directory / "log").read_text())

    def stop(self) -> None:
        """End it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """End it and start it again with the same contents."""
        self.stop()
        self.begin()

    def requests(self) -> list[tuple[str, str]]:
        """Give method and path of each request so far."""
        return _REQUEST.findall((self.directory / "log").read_text())


@contextlib.contextmanager
def run_registry(directory: Path) -> Iterator[Callable[..., DockerRegistry]]:
    """Give a function that starts registries; all end with the block."""
    started: list[DockerRegistry] = []

    def start(*, user: tuple[str, str] | None = None, tls: Tls | None = None) -> DockerRegistry:
        started.append(DockerRegistry(directory / str(len(started)), user, tls))
        return started[-1]

    try:
        yield start
    finally:
        for registry in started:
            registry.stop()


def make_authority(directory: Path) -> Tls:
    """Make an authority and a certificate it signed for this machine."""
    directory.mkdir()
    names = ("ca.crt", "ca.key", "key", "csr", "crt", "names")
    authority, own_key, key, request, certificate, extensions = (str(directory / name) for name in names)
    Path(extensions).write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test\nbasicConstraints=CA:FALSE\n"
    )
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    signs = ["-subj", "/CN=test", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    signing = ["-CA", authority, "-CAkey", own_key, "-days", "2", "-extfile", extensions]
    for command in (
        [*new, "-x509", "-days", "2", *signs, "-keyout", own_key, "-out", authority],
        [*new, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request],
        ["openssl", "x509", "-req", "-in", request, *signing, "-out", certificate],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return Tls(authority=Path(authority), certificate=Path(certificate), key=Path(key))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _bcrypt(password: str) -> str:
    import bcrypt

    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4)).decode()


@contextlib.contextmanager
def tunnel_proxy(target: str) -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that leads every tunnel to ``target``; give its address and, as they come, the heads it reads."""
    heads: list[str] = []

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while (line := self.rfile.readline()).strip():
                head += line
            heads.append(head.decode())
            host, port = target.split(":")
            with socket.create_connection((host, int(port))) as inner:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                there = threading.Thread(target=_relay, args=(self.connection, inner), daemon=True)
                there.start()
                _relay(inner, self.connection)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", heads
        server.shutdown()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
