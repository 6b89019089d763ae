"""A forward proxy that keeps what passes through it: the filled mirror of tests, and the count of what is downloaded.

Companies put such a cache with a certificate authority of its own in front of their builds. Every tool obeys it through
``HTTPS_PROXY`` and ``SSL_CERT_FILE``, whatever addresses a lock file names, so one mechanism serves all languages.
What was fetched once is kept on disk for later test runs; pages that change (indexes, lists of versions) are asked for
again by each proxy that may. Cut off, it answers from what it has and from nothing else.

    python -m tests.support.package_proxy LOG KEPT COMMAND …      runs a command with the network cut (needs root)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from builder.build.host_passage import find_ca_bundle
from builder.places import default_places

_BLOCK = 1 << 18
_UNCHANGING = (".whl", ".tar.gz", ".zip", ".mod", ".deb", ".metadata", ".tgz", ".tar.xz")
_KEPT_HEADERS = ("cache-control", "content-type", "location", "etag", "last-modified")
# What package indexes say of their files; a proxy between them and us may leave it out.
_FOREVER = "max-age=365000000, immutable, public"
_ASKED_HEADERS = ("accept", "authorization", "user-agent")


@dataclass
class Traffic:
    """What tools asked for, in order: address, bytes answered, and whether the proxy had it already."""

    requests: list[tuple[str, int, bool]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """How much the tools received."""
        return sum(size for _, size, _ in self.requests)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    status: int
    headers: dict[str, str]
    body: Path


class _Shelf:
    """The answers on disk, found by address and wanted form."""

    def __init__(self, directory: Path, *, online: bool) -> None:
        self._directory = directory
        self._online = online
        self._fresh: set[str] = set()
        self._pool = _upstream()

    def get(self, url: str, headers: dict[str, str]) -> tuple[_Kept | None, bool]:
        """Give an answer, and whether it was there; None when it may not be fetched or nobody answers."""
        changes = not _is_unchanging(url)
        key = _key(url, headers.get("accept", "") if changes else "")
        kept = self._read(key)
        if kept and not (self._online and changes and key not in self._fresh):
            return kept, True
        if self._online and (fetched := self._fetch(url, headers, key)):
            self._fresh.add(key)
            return fetched, False
        return kept, True

    def _read(self, key: str) -> _Kept | None:
        try:
            facts = json.loads((self._directory / f"{key}.json").read_text())
        except FileNotFoundError:
            return None
        return _Kept(status=facts["status"], headers=facts["headers"], body=self._directory / key)

    def _fetch(self, url: str, headers: dict[str, str], key: str) -> _Kept | None:
        asked = {name: headers[name] for name in _ASKED_HEADERS if name in headers}
        asked["accept-encoding"] = "identity"
        with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as partial:
            try:
                answer = self._pool.request("GET", url, headers=asked, redirect=False, preload_content=False)
                for block in answer.stream(_BLOCK, decode_content=False):
                    partial.write(block)
            except urllib3.exceptions.HTTPError:
                Path(partial.name).unlink()
                return None
        kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() in _KEPT_HEADERS}
        if _is_unchanging(url):
            kept.setdefault("cache-control", _FOREVER)
        body = Path(partial.name).replace(self._directory / key)
        if answer.status < 500:  # a server that fails may do better the next time
            facts = self._directory / f"{key}.{threading.get_ident()}"
            facts.write_text(json.dumps({"status": answer.status, "headers": kept, "url": url}))
            facts.replace(self._directory / f"{key}.json")
        return _Kept(status=answer.status, headers=kept, body=body)


def shelve(url: str, data: bytes) -> None:
    """Keep an answer that no server gives: for addresses below ``.example``, which nobody has."""
    directory = kept_directory()
    directory.mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"status": 200, "headers": {}, "url": url}).encode()
    for name, contents in ((_key(url), data), (f"{_key(url)}.json", facts)):
        partial = directory / f"{name}.{os.getpid()}"  # another test run may be reading
        partial.write_bytes(contents)
        partial.replace(directory / name)


def _is_unchanging(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path.endswith(_UNCHANGING) or (parts.hostname or "").endswith(".example")


def _key(url: str, form: str = "") -> str:
    return hashlib.sha256(f"{url}\0{form}".encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    origin = ""  # "https://HOST" inside of a tunnel

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        """Become the server that the tunnel was asked for."""
        host, _, port = self.path.rpartition(":")
        self.send_response(200)
        self.end_headers()
        with (
            contextlib.suppress(OSError),
            self.server.authority.context(host).wrap_socket(self.connection, server_side=True) as tunnel,
        ):
            origin = f"https://{host}" if port == "443" else f"https://{self.path}"
            type("Tunnel", (_Handler,), {"origin": origin})(tunnel, self.client_address, self.server)
        self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET(with_body=False)

    def do_GET(self, *, with_body: bool = True) -> None:
        url = self.origin + self.path
        kept, was_there = self.server.shelf.get(url, {name.lower(): value for name, value in self.headers.items()})
        if kept is None:
            self.server.traffic.missing.append(url)
            self.send_error(504, "not in the mirror")
            return
        size = kept.body.stat().st_size
        self.server.traffic.requests.append((url, size, was_there))
        self.send_response(kept.status)
        for name, value in kept.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if with_body:
            with kept.body.open("rb") as body:
                shutil.copyfileobj(body, self.wfile, _BLOCK)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, shelf: _Shelf, authority: Authority) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.shelf = shelf
        self.authority = authority
        self.traffic = Traffic()

    def handle_error(self, *_: object) -> None:
        """A tool that hangs up is not our failure."""


class Authority:
    """A certificate authority of its own, with a certificate for any host; made with ``openssl``."""

    def __init__(self, directory: Path) -> None:
        """Make the authority below ``directory``."""
        self._directory = directory
        self._lock = threading.Lock()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.certificate = directory / "ca.pem"
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ca.key")
        self._openssl(
            "req", "-x509", "-new", "-key", "ca.key", "-days", "30", "-subj", "/CN=Proxy of the tests",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", "ca.pem",
        )  # fmt: skip

    def bundle(self) -> Path:
        """Give this authority together with those the host trusts, in one file."""
        known = find_ca_bundle(os.environ)
        file = self._directory / "bundle.pem"
        file.write_bytes((known.read_bytes() if known else b"") + b"\n" + self.certificate.read_bytes())
        return file

    def context(self, host: str) -> ssl.SSLContext:
        """Give what it takes to answer as ``host``."""
        with self._lock:
            if host not in self._contexts:
                self._sign(host)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._directory / f"{host}.pem", self._directory / "ca.key")
                self._contexts[host] = context
            return self._contexts[host]

    def _sign(self, host: str) -> None:
        # One key for all: what is certified is the name.
        self._openssl("req", "-new", "-key", "ca.key", "-subj", f"/CN={host}", "-out", f"{host}.csr")
        extensions = self._directory / f"{host}.cnf"
        # The identifier of the authority's key: Python checks certificates strictly since 3.13 (VERIFY_X509_STRICT).
        extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n")
        sign = ("x509", "-req", "-in", f"{host}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        self._openssl(*sign, "-days", "30", "-extfile", extensions.name, "-out", f"{host}.pem")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._directory, check=True, capture_output=True)


@dataclass(frozen=True, kw_only=True)
class PackageProxy:
    """A running proxy: the variables that lead tools through it, and what they asked for."""

    environ: dict[str, str]
    traffic: Traffic


def kept_directory() -> Path:
    """Give where answers are kept for all test runs on this machine."""
    return default_places().cache / "tests" / "packages"


@contextlib.contextmanager
def package_proxy(*, online: bool = True, directory: Path | None = None) -> Iterator[PackageProxy]:
    """Run a proxy until the block ends; ``directory`` is where answers are kept, by default one for all test runs."""
    kept = directory or kept_directory()
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own:
        authority = Authority(Path(own))
        server = _Server(_Shelf(kept, online=online), authority)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address)
        local = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
        try:
            yield PackageProxy(
                environ={**proxies, **local, "SSL_CERT_FILE": str(authority.bundle())}, traffic=server.traffic
            )
        finally:
            server.shutdown()
            server.server_close()


def run_cut_off(command: Sequence[str], environ: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], Traffic]:
    """Run a command in a network of its own that holds nothing but the proxy and what it has kept."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "traffic.json")
        inside = [sys.executable, "-m", "tests.support.package_proxy", str(log), str(kept_directory()), *command]
        done = subprocess.run(
            ["unshare", "--net", *inside], env=environ, capture_output=True, text=True, check=False, cwd=_REPOSITORY
        )
        traffic = Traffic(**json.loads(log.read_text())) if log.is_file() else Traffic()
    return done, traffic


_REPOSITORY = Path(__file__).parents[2]


def _upstream() -> urllib3.PoolManager:
    bundle = find_ca_bundle(os.environ)
    trusted = str(bundle) if bundle else None
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    retries = urllib3.Retry(3, backoff_factor=0.5, redirect=False, raise_on_status=False)
    if proxy:
        return urllib3.ProxyManager(proxy, retries=retries, timeout=60.0, ca_certs=trusted)
    return urllib3.PoolManager(retries=retries, timeout=60.0, ca_certs=trusted)


def _bring_loopback_up() -> None:
    import fcntl
    import struct

    up, set_flags = 0x1 | 0x40, 0x8914  # IFF_UP | IFF_RUNNING, SIOCSIFFLAGS
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up))


def _main(log: Path, kept: Path, command: Sequence[str]) -> int:
    _bring_loopback_up()
    with package_proxy(online=False, directory=kept) as proxy:
        done = subprocess.run(command, env={**os.environ, **proxy.environ}, check=False)
        log.write_text(json.dumps({"requests": proxy.traffic.requests, "missing": proxy.traffic.missing}))
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(_main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
