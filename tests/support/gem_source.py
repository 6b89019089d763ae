"""A gem server's files, made on this machine from Debian's packaged gems and from the gems of ``fixtures/gems``.

What ``fixtures/gems/pack_gems.rb`` writes is kept by the digest of all it is made from, and planted in the recording
proxy as ``https://gems.example``: what Bundler and RubyGems ask of rubygems.org, they ask of it as of any mirror.

    python -m tests.support.gem_source APP …      writes the lock files of apps of the fixtures anew
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from builder.places import default_places
from builder.stacks.mmdebstrap import mmdebstrap_mode
from tests.support.package_proxy import shelve
from tests.support.stack import debian_13

SERVER = "https://gems.example"
# Settings of a build that has its gems from the server; Bundler's own, as anyone with a mirror sets them.
MIRROR = ("--env", f"BUNDLE_MIRROR__ALL={SERVER}")
OLD_BUNDLER = "2.3.15"
SOURCES = Path(__file__).parents[2] / "fixtures" / "gems"
APPS = Path(__file__).parents[2] / "fixtures" / "apps"

_DEBIAN = "http://deb.debian.org/debian"
_APT = (
    f"deb {_DEBIAN} trixie main",
    "deb http://deb.debian.org/debian-security trixie-security main",
    # For what Debian 13 left out: sprockets-rails, and a Bundler of another age.
    f"deb {_DEBIAN} bookworm main",
)
_PACKAGES = (
    "puma", "ruby", "ruby-bcrypt", "ruby-bootsnap", "ruby-bundler", "ruby-cssbundling-rails", "ruby-delayed-job",
    "ruby-delayed-job-active-record", "ruby-kramdown", "ruby-listen", "ruby-pg", "ruby-rack-timeout", "ruby-rackup",
    "ruby-rails", "ruby-redis", "ruby-sidekiq", "ruby-sinatra", "ruby-sprockets", "ruby-sprockets-rails",
    "ruby-sqlite3",
)  # fmt: skip
_OTHER_BUNDLER = (
    'cd "$1/opt" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -o APT::Sandbox::User=root'
    " download ruby-bundler/bookworm &&"
    " mkdir -p others && dpkg-deb -x ruby-bundler_*.deb others/bundler && rm ruby-bundler_*.deb"
)
_PLATFORM = "x86_64-linux"


@functools.cache
def shelve_gems() -> str:
    """Plant the server in the recording proxy; gives its address."""
    directory = gem_server()
    for file in sorted(directory.rglob("*")):
        if file.is_file():
            shelve(f"{SERVER}/{file.relative_to(directory).as_posix()}", file.read_bytes())
    return SERVER


@functools.cache
def gem_server() -> Path:
    """Give the directory of the server's files, which is made once per machine: a minute or two."""
    directory = default_places().cache / "tests" / f"gems-{_digest()}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "files").is_dir():
            with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as temporary:
                _make_system(Path(temporary))
                pack_gems(Path(temporary, "root"), Path(temporary, "files"))
                Path(temporary, "files").rename(directory / "files")
    return directory / "files"


def from_gem_server(_app: Path) -> None:
    """Make the gems available before an app's first build."""
    shelve_gems()


def locked_versions(lock: str) -> dict[str, str]:
    """Give the gems that a lock file names, with the version of each."""
    return dict(re.findall(r"^    (\S+) \(([^)]+)\)$", lock, re.MULTILINE))


def served_versions(name: str) -> list[str]:
    """Give the versions of a gem that the server has, as lock files write them."""
    page = gem_server() / "info" / name
    return [line.partition(" ")[0] for line in page.read_text().splitlines()[1:]] if page.is_file() else []


def pack_gems(root: Path, target: Path) -> None:
    """Run the script in a system, which it only reads."""
    target.mkdir(exist_ok=True)
    script = ("ruby", "/tmp/gems/pack_gems.rb", "/tmp/files", "/opt/others", "/tmp/sources")
    with tempfile.TemporaryDirectory() as sources:
        # A copy: RubyGems packs where the sources are.
        shutil.copytree(SOURCES, sources, dirs_exist_ok=True)
        subprocess.run(
            [
                *("bwrap", "--unshare-all", "--ro-bind", str(root), "/", "--dev", "/dev", "--proc", "/proc"),
                *("--tmpfs", "/tmp", "--ro-bind", str(SOURCES), "/tmp/gems"),
                *("--bind", sources, "/tmp/sources", "--bind", str(target), "/tmp/files"),
                *("--clearenv", "--setenv", "LANG", "C.UTF-8", "--setenv", "PATH", "/usr/bin:/bin", *script),
            ],
            check=True,
            capture_output=True,
        )


@contextlib.contextmanager
def serving(credentials: str = "") -> Iterator[str]:
    """Serve the files on the loopback interface, to who has the credentials (``user:password``); gives the address."""
    handler = functools.partial(_Handler, credentials=credentials, directory=str(gem_server()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def write_lock(app: Path) -> None:
    """Write an app's lock file as its developer would: with the stack's Ruby and its Bundler."""
    # Debian names Ruby's own Bundler after the line of Ruby.
    bundle = next(debian_13().build_root.glob("usr/bin/bundle[0-9]*")).name
    with serving() as address:
        settings = {"BUNDLE_MIRROR__ALL": address, "BUNDLE_FROZEN": "false"}
        run_in_stack(app, bundle, "lock", "--add-platform", _PLATFORM, **settings)
    lock = app / "Gemfile.lock"
    # Debian's Ruby calls its platform by another name than that of every other Linux.
    lock.write_text(lock.read_text().replace(f"  {_PLATFORM}-gnu\n", ""))


def run_in_stack(directory: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the build image, with the host's network, in a directory that it sees as ``/mnt``."""
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", **environment}
    return subprocess.run(
        [
            *("bwrap", "--unshare-all", "--share-net", "--ro-bind", str(debian_13().build_root), "/"),
            *("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
            *("--bind", str(directory), "/mnt", "--chdir", "/mnt"),
            *("--clearenv", *(word for item in variables.items() for word in ("--setenv", *item)), *command),
        ],
        check=True,
        capture_output=True,
        text=True,
    )


def add_gem(name: str) -> Callable[[Path], None]:
    """Make an edit that adds a gem, and locks it as a developer would."""

    def edit(app: Path) -> None:
        gemfile, first = app / "Gemfile", 'source "https://rubygems.org"\n'
        text = gemfile.read_text()
        assert text.startswith(first)
        gemfile.write_text(text.replace(first, f'{first}\ngem "{name}"\n'))
        write_lock(app)

    return edit


def _digest() -> str:
    told = hashlib.sha256(repr((_APT, _PACKAGES, _OTHER_BUNDLER)).encode())
    for file in sorted(SOURCES.rglob("*")):
        if file.is_file():
            told.update(file.relative_to(SOURCES).as_posix().encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _make_system(place: Path) -> None:
    """Make a Debian 13 system with the packages, below ``place/root``."""
    tar = place / "system.tar"
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", f"--mode={mmdebstrap_mode()}", "--variant=essential"),
            *(f"--include={','.join(_PACKAGES)}", f"--customize-hook={_OTHER_BUNDLER}", "trixie", str(tar), *_APT),
        ],
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    with tarfile.open(tar) as system:
        for member in system:
            if not (member.isdev() or member.name.startswith("./dev/")):
                system.extract(member, place / "root", filter=_as_own)
    tar.unlink()


def _as_own(member: tarfile.TarInfo, _place: str) -> tarfile.TarInfo:
    """Unpack without owners: only the script reads the system, whoever runs the tests."""
    mode = member.mode | (0o700 if member.isdir() else 0o400)
    return member.replace(uid=None, gid=None, uname=None, gname=None, mode=mode)  # type: ignore[arg-type]


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, credentials: str, directory: str) -> None:
        self._expected = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else None
        super().__init__(*arguments, directory=directory)

    def do_GET(self) -> None:
        if self._expected and self.headers.get("Authorization") != self._expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="gems"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_lock(APPS / name)
