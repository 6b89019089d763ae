"""Ruby's source as ruby-lang.org has it, under a host of the tests' own; it comes from Debian's source package."""

from __future__ import annotations

import fcntl
import functools
import gzip
import hashlib
import io
import lzma
import re
import tarfile
import urllib.request
from dataclasses import dataclass

from builder.places import default_places
from tests.support.package_proxy import shelve

MIRROR = "https://ruby.example/pub/ruby"
_DEBIAN = "http://deb.debian.org/debian"
_GEMS = "/gems/bundled_gems"
_SUITES = ("trixie", "sid", "bookworm")
_ARCHIVE = re.compile(r"^ (?P<sha256>[0-9a-f]{64}) \d+ (?P<name>ruby[\d.]+_(?P<version>\d+\.\d+\.\d+)\.orig\.tar\.xz)$")


@dataclass(frozen=True, kw_only=True)
class _Source:
    version: str
    url: str
    sha256: str


@functools.cache
def shelve_ruby_source(other_than: str) -> str:
    """Put the source of a release into the recording proxy, with the list that names its sha256; give its version.

    Args:
        other_than: the stack's own version, which would not be compiled.
    """
    source = _find(other_than)
    directory = default_places().cache / "tests" / "ruby-source"
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"ruby-{source.version}.tar.gz"
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            packed = _fetch(source.url)
            assert hashlib.sha256(packed).hexdigest() == source.sha256
            partial = file.with_suffix(".partial")
            partial.write_bytes(_as_released(packed))
            partial.replace(file)
        data = file.read_bytes()
        line = ".".join(source.version.split(".")[:2])
        name = f"{line}/ruby-{source.version}.tar.gz"
        index = f"name\turl\tsha1\tsha256\tsha512\nruby\t{MIRROR}/{name}\t-\t{hashlib.sha256(data).hexdigest()}\t-\n"
        shelve(f"{MIRROR}/{name}", data)
        shelve(f"{MIRROR}/index.txt", index.encode())
    return source.version


def _as_released(packed: bytes) -> bytes:
    """Make the archive that builds without a network, as a released one does.

    Releases carry the gems that come with Ruby as files, and Debian's archive does not: the list of them is emptied.
    """
    result = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as source,
        gzip.GzipFile(fileobj=result, mode="wb", compresslevel=1, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w:") as target,
    ):
        for member in source:
            content = source.extractfile(member) if member.isreg() else None
            if member.name.endswith(_GEMS):
                member.size, content = 0, io.BytesIO()
            target.addfile(member, content)
    return result.getvalue()


def _find(other_than: str) -> _Source:
    for suite in _SUITES:
        index = lzma.decompress(_fetch(f"{_DEBIAN}/dists/{suite}/main/source/Sources.xz")).decode()
        for package in index.split("\n\n"):
            if not re.match(r"Package: ruby\d+\.\d+\n", package):
                continue
            directory = re.search(r"^Directory: (.+)$", package, re.MULTILINE)
            found = next(filter(None, map(_ARCHIVE.match, package.splitlines())), None)
            if directory and found and found["version"] != other_than:
                url = f"{_DEBIAN}/{directory[1]}/{found['name']}"
                return _Source(version=found["version"], url=url, sha256=found["sha256"])
    message = f"Debian has no source of a Ruby other than {other_than}"
    raise AssertionError(message)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - Debian's archive
        data: bytes = answer.read()
        return data
