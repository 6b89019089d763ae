"""A mirror of Python releases, made from Debian's own Python and served on the loopback interface."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import http.server
import json
import platform
import re
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.places import default_places

_SUITE, _LINE = "bookworm", "3.11"


@contextmanager
def python_mirror(*, damaged: bool = False) -> Iterator[str]:
    """Serve the mirror; gives the address of the index that ``UV_PYTHON_DOWNLOADS_JSON_URL`` wants.

    A damaged mirror's index names a digest that its archive does not have.
    """
    directory = _make_mirror()
    handler = functools.partial(_QuietHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        index = directory / f"{server.server_port}.json"
        text = (directory / "index.json").read_text().replace("MIRROR", address)
        index.write_text(re.sub(r'"sha256": "\w+"', f'"sha256": "{"0" * 64}"', text) if damaged else text)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"{address}/{index.name}"
        finally:
            server.shutdown()
            index.unlink()


def python_release(address: str) -> dict[str, bytes]:
    """Give the files of the mirror as they would be below an address: name → contents. The index is ``index.json``."""
    directory = _make_mirror()
    index = (directory / "index.json").read_text().replace("MIRROR", address)
    return {"index.json": index.encode(), "python.tar.gz": (directory / "python.tar.gz").read_bytes()}


def _make_mirror() -> Path:
    """Make the archive once per machine."""
    directory = default_places().cache / "tests" / f"python-{_LINE}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "index.json").is_file():
            _fill(directory)
    return directory


def _fill(directory: Path) -> None:
    archive = directory / "python.tar.gz"
    with tempfile.TemporaryDirectory() as temporary:
        system = Path(temporary) / "system.tar"
        packages = f"--include=python{_LINE},libpython{_LINE}-dev"
        subprocess.run(["mmdebstrap", "--quiet", "--variant=extract", packages, _SUITE, str(system)], check=True)
        version = _repack(system, archive)
    major, minor, patch = version.split(".")
    entry = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": int(major),
        "minor": int(minor),
        "patch": int(patch),
        "prerelease": "",
        "url": "MIRROR/python.tar.gz",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "1",
    }
    name = f"cpython-{version}-linux-{platform.machine()}-gnu"
    (directory / "index.json").write_text(json.dumps({name: entry}))


def _repack(system: Path, archive: Path) -> str:
    """Take the interpreter, its library and its headers out of a system; gives the release."""
    version = ""
    with tarfile.open(system) as source, tarfile.open(archive, "w:gz") as target:
        for member in source:
            name = member.name.removeprefix("./")
            # Links into the rest of Debian's system mean nothing in a Python that stands elsewhere.
            outward = member.issym() and member.linkname.startswith(("/", "../.."))
            if outward or not name.startswith((f"usr/bin/python{_LINE}", f"usr/lib/python{_LINE}/", "usr/include/")):
                continue
            content = source.extractfile(member) if member.isreg() else None
            if name == f"usr/include/python{_LINE}/patchlevel.h" and content is not None:
                found = re.search(r'PY_VERSION\s+"([0-9.]+)', content.read().decode())
                version = found[1] if found else ""
                content.seek(0)
            member.name = name.replace("usr/", "python/", 1)
            target.addfile(member, content)
    return version


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
