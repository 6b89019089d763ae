"""Docker engines for tests: one inside of the test's process that counts what it is sent, and a real one of its own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import unquote, urlsplit

_IMAGE = re.compile(r"/images/(?P<name>.+)/(?P<action>json|history|get)")


@dataclass
class FakeEngine:
    """A daemon's images by ID. With ``containerd`` it wants every blob and knows images by their manifests."""

    socket: Path
    containerd: bool = False
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    layers: dict[str, bytes] = field(default_factory=dict)
    loaded: list[dict[str, int]] = field(default_factory=list)  # sizes of the files of each archive, by path
    exports: int = 0
    refusal: str = ""
    api: str = "1.53"  # that of Docker 29, which takes none below 1.44

    @property
    def host(self) -> str:
        """The value of ``DOCKER_HOST``."""
        return f"unix://{self.socket}"

    def image(self, name: str) -> dict[str, Any] | None:
        """Find an image by name or ID."""
        short = name.removeprefix("docker.io/library/").removeprefix("docker.io/")
        return self.images.get(self.names.get(short, name)) or self.images.get(f"sha256:{name}")

    def load(self, archive: bytes) -> str:
        """Take an archive as ``docker load`` does; give an error's text, or nothing."""
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            files = {one.name: file.read() for one in tar if (file := tar.extractfile(one))}
        self.loaded.append({name: len(data) for name, data in files.items()})
        if self.refusal:
            return self.refusal
        entry = json.loads(files["manifest.json"])[0]
        config = json.loads(files[entry["Config"]])
        known: list[str] = []
        for path, diff_id in zip(entry["Layers"], config["rootfs"]["diff_ids"], strict=True):
            known.append(diff_id)
            if self._has(known) and not self.containerd:
                continue
            tar_bytes = _uncompressed(files[path])
            if "sha256:" + hashlib.sha256(tar_bytes).hexdigest() != diff_id:
                return f"invalid diffID for layer {len(known)}: expected {diff_id!r}"
            self.layers[diff_id] = tar_bytes
        image_id = "sha256:" + hashlib.sha256(files[entry["Config"]]).hexdigest()
        if self.containerd:
            image_id = json.loads(files["index.json"])["manifests"][0]["digest"]
        self.images[image_id] = {**config, "Id": image_id}
        for tag in entry["RepoTags"]:
            self.names[tag.removeprefix("docker.io/library/").removeprefix("docker.io/")] = image_id
        return ""

    def export(self, image: Mapping[str, Any]) -> bytes:
        """Give all layers of an image, as engines before version 25 do."""
        self.exports += 1
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for number, diff_id in enumerate(image["rootfs"]["diff_ids"]):
                member = tarfile.TarInfo(f"{number}/layer.tar")
                member.size = len(self.layers[diff_id])
                tar.addfile(member, io.BytesIO(self.layers[diff_id]))
        return stream.getvalue()

    def _has(self, chain: list[str]) -> bool:
        return any(image["rootfs"]["diff_ids"][: len(chain)] == chain for image in self.images.values())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: FakeEngine

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        """A Unix socket has no address."""
        return "unix"

    def do_HEAD(self) -> None:
        self._answer(200, b"", "text/plain")

    def do_GET(self) -> None:
        path = re.sub(r"^/v[0-9.]+", "", unquote(urlsplit(self.path).path))
        engine = self.engine
        if path == "/version":
            self._json({"ApiVersion": self.engine.api})
        elif not self.path.startswith(f"/v{engine.api}/"):
            self._json({"message": f"{self.path}: another API version is wanted"}, status=400)
        elif path == "/info":
            driver = (
                [["driver-type", "io.containerd.snapshotter.v1"]] if engine.containerd else [["Supports d_type", "1"]]
            )
            self._json({"DriverStatus": driver})
        elif path == "/_ping":
            self._answer(200, b"OK", "text/plain")
        elif path == "/images/json":
            self._json([{"Id": one} for one in engine.images])
        elif (match := _IMAGE.fullmatch(path)) and (image := engine.image(match["name"])):
            self._image(match["action"], image)
        else:
            self._json({"message": f"No such image: {path}"}, status=404)

    def do_POST(self) -> None:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        problem = self.engine.load(body)
        self._json({"error": problem, "errorDetail": {"message": problem}} if problem else {"stream": "Loaded image\n"})

    def _image(self, action: str, image: dict[str, Any]) -> None:
        if action == "get":
            self._answer(200, self.engine.export(image), "application/x-tar")
        elif action == "history":
            entries = [
                {"CreatedBy": one["created_by"], "Created": 315532801, "Size": 0 if one.get("empty_layer") else 9}
                for one in reversed(image.get("history", []))
            ]
            self._json(entries)
        else:
            described = {
                "Id": image["Id"],
                "Created": image.get("created") or "0001-01-01T00:00:00Z",
                "Os": image["os"],
                "Architecture": image["architecture"],
                "Config": {"Hostname": "", "Volumes": None, **image.get("config", {})},
                "RootFS": {"Type": "layers", "Layers": image["rootfs"]["diff_ids"]},
            }
            self._json(described)

    def _json(self, data: object, status: int = 200) -> None:
        self._answer(status, json.dumps(data).encode(), "application/json")

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def fake_engine(socket: Path, *, containerd: bool = False) -> Iterator[FakeEngine]:
    """Run a fake engine on a socket."""
    engine = FakeEngine(socket, containerd)
    handler = type("Handler", (_Handler,), {"engine": engine})
    with ThreadingUnixStreamServer(str(socket), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield engine
        finally:
            server.shutdown()


@contextlib.contextmanager
def real_engine() -> Iterator[str]:
    """Run Debian's dockerd beside any other, without images and networks of its own; give its ``DOCKER_HOST``."""
    with tempfile.TemporaryDirectory(prefix="dockerd-") as name:  # short: a socket's path has 108 bytes at most
        host = f"unix://{name}/s"
        options = (
            f"--host={host} --data-root={name}/data --exec-root={name}/run --pidfile={name}/pid "
            "--bridge=none --iptables=false --ip6tables=false --storage-driver=overlay2"
        )
        log = Path(name, "log")
        with log.open("wb") as stream:
            # A network of its own: an engine without a bridge removes the bridge of any other engine.
            # It ends with the tests even when these are killed.
            start = ["unshare", "--net", "setpriv", "--pdeathsig", "TERM", "dockerd"]
            process = subprocess.Popen([*start, *options.split()], stdout=stream, stderr=stream)
        try:
            deadline = time.monotonic() + 60
            while subprocess.run(["docker", "--host", host, "info"], capture_output=True, check=False).returncode:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield host
        finally:
            process.terminate()
            process.wait(60)


def remove_images(host: str) -> None:
    """Empty an engine."""
    docker = ["docker", "--host", host]
    ids = subprocess.run([*docker, "images", "--quiet"], capture_output=True, text=True, check=True).stdout.split()
    if ids:
        subprocess.run([*docker, "rmi", "--force", *dict.fromkeys(ids)], capture_output=True, check=True)


def _uncompressed(data: bytes) -> bytes:
    import gzip

    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
