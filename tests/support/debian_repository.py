"""A repository of Debian packages made on the spot, signed by the build image's own gpg; its packages are tiny."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.sandbox import open_sandbox, run_shell, writable_directory

_NOW = 1_700_000_000
_LONG_AGO = formatdate(_NOW, usegmt=True)
_GPG = "export GNUPGHOME=/app/home; mkdir -pm 700 $GNUPGHOME;"
_MAKE_KEY = "gpg --batch --quiet --passphrase '' --quick-gen-key 'Tests <tests@example.org>' ed25519 sign never;"


@dataclass(frozen=True, kw_only=True)
class Deb:
    """A package: fields of its control file, files by path (scripts are executable), and maintainer scripts."""

    name: str
    version: str = "1.0"
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Give the file's name in the repository."""
        return f"{self.name}_{self.version}_all.deb"

    def control(self) -> str:
        """Give the control file."""
        head = {"Package": self.name, "Version": self.version, "Architecture": "all", "Maintainer": "Tests <t@x.org>"}
        fields = {**head, **self.fields, "Description": "a package of the tests"}
        return "".join(f"{name}: {value}\n" for name, value in fields.items())

    def data(self) -> bytes:
        """Give the file: an archive of two archives."""
        members = {
            "debian-binary": b"2.0\n",
            "control.tar.gz": _tar({"control": self.control(), **self.scripts}),
            "data.tar.gz": _tar(self.files),
        }
        return b"!<arch>\n" + b"".join(_member(name, data) for name, data in members.items())


@dataclass(frozen=True)
class DebianRepository:
    """A flat repository in a directory; ``Release`` may be signed or not, and name the time it is valid until."""

    directory: Path

    def write(self, *debs: Deb, valid_until: str = "") -> None:
        """Write the packages, their list, and the unsigned ``Release``."""
        self.directory.mkdir(parents=True, exist_ok=True)
        stanzas = []
        for deb in debs:
            data = deb.data()
            (self.directory / deb.file_name).write_bytes(data)
            place = f"Filename: ./{deb.file_name}\nSize: {len(data)}\nSHA256: {_sha256(data)}\n"
            stanzas.append(deb.control() + place)
        packages = "\n".join(stanzas).encode()
        (self.directory / "Packages").write_bytes(packages)
        until = f"Valid-Until: {valid_until}\n" if valid_until else ""
        listed = f"SHA256:\n {_sha256(packages)} {len(packages)} Packages\n"
        (self.directory / "Release").write_text(f"Origin: Tests\nDate: {_LONG_AGO}\n{until}{listed}")

    def sign(self, key: SigningKey) -> None:
        """Sign ``Release``."""
        (self.directory / "InRelease").write_bytes(key.sign((self.directory / "Release").read_bytes()))

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Serve the directory over HTTP."""
        handler = functools.partial(_Handler, directory=str(self.directory))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


@dataclass(frozen=True)
class SigningKey:
    """A key; its secret half lives in a directory that ends with it."""

    directory: Path
    public: bytes

    def sign(self, data: bytes) -> bytes:
        """Give a signed text."""
        (self.directory / "text").write_bytes(data)
        with open_sandbox(self.directory) as session:
            done = run_shell(session, f"{_GPG} gpg --batch --quiet --yes --clearsign --output signed text")
        assert done.status.code == 0, done.lines
        return (self.directory / "signed").read_bytes()


@contextlib.contextmanager
def signing_key() -> Iterator[SigningKey]:
    """Make a key with the build image's gpg."""
    with writable_directory() as directory:
        with open_sandbox(directory) as session:
            done = run_shell(session, f"{_GPG} {_MAKE_KEY} gpg --batch --armor --export > public")
        assert done.status.code == 0, done.lines
        yield SigningKey(directory, (directory / "public").read_bytes())


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _tar(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            if content.startswith("-> "):
                member.type, member.linkname = tarfile.SYMTYPE, content.removeprefix("-> ")
                archive.addfile(member)
                continue
            data = content.encode()
            member.size, member.mode = len(data), 0o755 if content.startswith("#!") else 0o644
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _member(name: str, data: bytes) -> bytes:
    head = f"{name:<16}{_NOW:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
