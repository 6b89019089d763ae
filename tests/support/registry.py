"""A registry inside of the test's process, which fails on command. It keeps to the specification otherwise."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|referrers|blobs/uploads|blobs)/(?P<rest>.*)")


@dataclass(frozen=True)
class Seen:
    """A request that came. ``query`` has the first value of each name, but for ``scope``, which has all."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""


Action = Callable[["_Handler"], None]


@dataclass
class _Rule:
    method: str
    pattern: re.Pattern[str]
    action: Action
    times: int


@dataclass
class FakeRegistry:
    """What it has, what it was asked, and what it shall do wrong."""

    host: str = ""
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    tokens: dict[str, tuple[str, ...]] = field(default_factory=dict)
    auth: str = ""  # "basic" or "token"
    user: tuple[str, str] = ("alice", "s3cret")
    identity_token: str = "identity"  # noqa: S105
    token_life: int | None = None
    referrers_api: bool = False
    rules: list[_Rule] = field(default_factory=list)

    def script(self, method: str, pattern: str, action: Action, times: int = 1) -> None:
        """Do something else to the next requests whose method and path with query match."""
        self.rules.append(_Rule(method, re.compile(pattern), action, times))

    def put_manifest(self, name: str, tag: str, manifest: Mapping[str, Any], media_type: str = "") -> str:
        """Put a manifest in; give its digest."""
        data = json.dumps(manifest).encode()
        digest = _digest(data)
        for key in (tag, digest):
            self.manifests[name, key] = (media_type or str(manifest["mediaType"]), data)
        return digest

    def put_blob(self, name: str, data: bytes, media_type: str) -> dict[str, Any]:
        """Put a blob in; give its descriptor."""
        self.blobs[name, _digest(data)] = data
        return {"mediaType": media_type, "digest": _digest(data), "size": len(data)}

    def asked(self, method: str, pattern: str = "") -> list[Seen]:
        """Give the requests of a method whose path matches."""
        return [one for one in self.seen if one.method == method and re.search(pattern, one.path)]


def answer(status: int, body: bytes = b"", **headers: str) -> Action:
    """Answer so."""
    return lambda handler: handler.reply(status, body, {key.replace("_", "-"): value for key, value in headers.items()})


def fail(status: int, code: str, message: str = "", **headers: str) -> Action:
    """Answer with an error in the registries' form."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return answer(status, body, Content_Type="application/json", **headers)


def reset(handler: _Handler) -> None:
    """Break the connection without an answer."""
    handler.break_off()


def reset_after(count: int) -> Action:
    """Read so many bytes of the request's body, then break the connection."""

    def action(handler: _Handler) -> None:
        handler.rfile.read(min(count, int(handler.headers.get("Content-Length") or 0)))
        handler.break_off()

    return action


def cut_after(count: int) -> Action:
    """Answer a blob as it should be, but break the connection after so many bytes."""

    def action(handler: _Handler) -> None:
        handler.cut = count
        handler.serve()

    return action


def without_range(handler: _Handler) -> None:
    """Give the whole blob whatever range was asked for."""
    del handler.headers["Range"]
    handler.serve()


@contextlib.contextmanager
def fake_registry(**options: Any) -> Iterator[FakeRegistry]:
    """Run a registry on a free port."""
    registry = FakeRegistry(**options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    registry: FakeRegistry
    cut: int | None = None

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _take(self) -> None:
        self.cut = None
        parts = urlsplit(self.path)
        query = {key: " ".join(values) for key, values in parse_qs(parts.query).items()}
        self.registry.seen.append(
            Seen(self.command, self.path, {key.title(): value for key, value in self.headers.items()}, query)
        )
        for rule in self.registry.rules:
            if rule.times and re.fullmatch(rule.method, self.command) and rule.pattern.search(self.path):
                rule.times -= 1
                rule.action(self)
                return
        self.serve()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815

    def serve(self) -> None:
        """Answer as the specification says."""
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._give_token(parts.query)
        elif not self._is_allowed():
            self._challenge()
        elif match := _PATH.fullmatch(parts.path):
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            kind = {
                "manifests": self._manifest,
                "referrers": self._referrers,
                "blobs": self._blob,
                "blobs/uploads": self._upload,
            }[match["kind"]]
            kind(match["name"], match["rest"], query)
        else:
            self.reply(200 if parts.path == "/v2/" else 404)

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer; the request's body is read first, so that the connection lives on."""
        self.body()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and self.cut is not None:
            self.wfile.write(body[: self.cut])
            self.wfile.flush()
            self.break_off()
        elif self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        """Read the request's body."""
        length = int(self.headers.get("Content-Length") or 0)
        del self.headers["Content-Length"]
        return self.rfile.read(length)

    def break_off(self) -> None:
        """End the connection the hard way."""
        self.close_connection = True
        self.wfile.flush()
        if self.cut is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _is_allowed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if self.registry.auth == "basic":
            return given == _basic(self.registry.user)
        if self.registry.auth == "token":
            scopes = self.registry.tokens.get(given.removeprefix("Bearer "), ())
            needed = "push" if self.command not in {"GET", "HEAD"} else "pull"
            return any(needed in scope for scope in scopes)
        return True

    def _challenge(self) -> None:
        scheme = 'Basic realm="test"'
        if self.registry.auth == "token":
            scheme = f'Bearer realm="http://{self.registry.host}/token",service="test"'
        self.reply(401, _error("UNAUTHORIZED"), {"WWW-Authenticate": scheme})

    def _give_token(self, query: str) -> None:
        if self.command == "POST":
            asked = parse_qs(self.body().decode())
            known = asked["refresh_token"] == [self.registry.identity_token]
            scopes = tuple(asked["scope"][0].split())
        else:
            known = self.headers.get("Authorization", "") in {"", _basic(self.registry.user)}
            scopes = tuple(parse_qs(query).get("scope", []))
            if not self.headers.get("Authorization"):
                scopes = tuple(scope.replace(",push", "") for scope in scopes)
        if not known:
            self.reply(401, _error("UNAUTHORIZED"))
            return
        token = uuid.uuid4().hex
        self.registry.tokens[token] = scopes
        life = {} if self.registry.token_life is None else {"expires_in": self.registry.token_life}
        self.reply(200, json.dumps({"token": token, **life}).encode())

    def _manifest(self, name: str, target: str, query: Mapping[str, str]) -> None:
        del query
        if self.command == "PUT":
            media_type, data = self.headers["Content-Type"], self.body()
            for key in (target, _digest(data)):
                self.registry.manifests[name, key] = (media_type, data)
            subject = json.loads(data).get("subject", {}).get("digest") if self.registry.referrers_api else None
            headers = {"OCI-Subject": subject} if subject else {}
            self.reply(201, b"", {"Docker-Content-Digest": _digest(data), **headers})
        elif (name, target) not in self.registry.manifests:
            self.reply(404, _error("MANIFEST_UNKNOWN"))
        else:
            media_type, data = self.registry.manifests[name, target]
            headers = {"Content-Type": media_type, "Docker-Content-Digest": _digest(data)}
            self.reply(200, data, {**headers, "Content-Length": str(len(data))})

    def _referrers(self, name: str, digest: str, query: Mapping[str, str]) -> None:
        del query
        if not self.registry.referrers_api:
            self.reply(404)
            return
        found = {
            key: json.loads(data) | {"size": len(data)}
            for (repository, key), (_, data) in self.registry.manifests.items()
            if repository == name and json.loads(data).get("subject", {}).get("digest") == digest
        }
        entries = [
            {name: one[name] for name in ("mediaType", "artifactType", "size", "annotations") if name in one}
            | {"digest": key}
            for key, one in found.items()
        ]
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}
        self.reply(200, json.dumps(index).encode(), {"Content-Type": "application/vnd.oci.image.index.v1+json"})

    def _blob(self, name: str, digest: str, query: Mapping[str, str]) -> None:
        del query
        data = self.registry.blobs.get((name, digest))
        if data is None:
            self.reply(404, _error("BLOB_UNKNOWN"))
        elif match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
            content_range = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            self.reply(206, data[start:], {**content_range, "Content-Length": str(len(data) - start)})
        else:
            self.reply(200, data, {"Content-Length": str(len(data))})

    def _upload(self, name: str, session: str, query: Mapping[str, str]) -> None:
        uploads = self.registry.uploads
        if self.command == "POST":
            mounted = self.registry.blobs.get((query.get("from", ""), query.get("mount", "")))
            if mounted is not None:
                self.registry.blobs[name, query["mount"]] = mounted
                self.reply(201)
                return
            session = uuid.uuid4().hex
            uploads[session] = bytearray()
            self.reply(202, b"", self._where(name, session))
        elif session not in uploads:
            self.reply(404, _error("BLOB_UPLOAD_UNKNOWN"))
        elif self.command == "PATCH":
            self._append(name, session)
        elif self.command == "PUT":
            data = bytes(uploads.pop(session)) + self.body()
            if _digest(data) != query["digest"]:
                self.reply(400, _error("DIGEST_INVALID"))
                return
            self.registry.blobs[name, query["digest"]] = data
            self.reply(201, b"", {"Docker-Content-Digest": query["digest"]})
        elif self.command == "DELETE":
            del uploads[session]
            self.reply(204)
        else:
            self.reply(204, b"", self._where(name, session))

    def _append(self, name: str, session: str) -> None:
        start = int(self.headers["Content-Range"].partition("-")[0])
        data, upload = self.body(), self.registry.uploads[session]
        if start != len(upload):
            self.reply(416, b"", self._where(name, session))
            return
        upload += data
        self.reply(202, b"", self._where(name, session))

    def _where(self, name: str, session: str) -> dict[str, str]:
        end = max(0, len(self.registry.uploads[session]) - 1)
        return {"Location": f"/v2/{name}/blobs/uploads/{session}?_state={end}%3D%3D", "Range": f"0-{end}"}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
