"""A PostgreSQL server for the length of a test: the real one, in a directory of its own, as an ordinary user.

It listens on the loopback interface, where sandboxes reach it, and on the gateway of Docker's bridge, where containers
do; both want the password. Debian's and Ubuntu's package ``postgresql`` has all it takes.
"""

from __future__ import annotations

import contextlib
import csv
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.offramp import free_port

_PATIENCE = 60.0
_OWNERS = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server with one database."""

    port: int
    directory: Path
    gateway: str
    name: str = "app"
    user: str = "app"
    password: str = "granite-otter-52"  # noqa: S105 - of a throw-away server; to be searched for

    @property
    def url(self) -> str:
        """Give the address for this machine and its sandboxes, as ``DATABASE_URL`` has it."""
        return self._url("127.0.0.1")

    @property
    def container_url(self) -> str:
        """Give the address for Docker's containers."""
        assert self.gateway, "Docker has no bridge"
        return self._url(self.gateway)

    def query(self, sql: str) -> list[list[str]]:
        """Ask the database; gives rows of texts."""
        done = subprocess.run(
            [_programs() / "psql", "--no-psqlrc", "--csv", "--tuples-only", "--command", sql, self.url],
            check=True,
            capture_output=True,
            text=True,
        )
        return list(csv.reader(done.stdout.splitlines()))

    def wait_for(self, sql: str, expected: list[list[str]]) -> None:
        """Ask until the answer is the expected one."""
        deadline = time.monotonic() + _PATIENCE
        while (rows := self.query(sql)) != expected:
            assert time.monotonic() < deadline, rows
            time.sleep(0.2)

    def _url(self, host: str) -> str:
        return f"postgres://{self.user}:{self.password}@{host}:{self.port}/{self.name}"


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server until the block ends; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as temporary:
        server = Postgres(port=free_port(), directory=Path(temporary), gateway=_bridge_gateway())
        identity = _identity(server.directory)
        _initialise(server, identity)
        with (server.directory / "log").open("w") as log:
            command = [str(_programs() / "postgres"), "-D", str(server.directory / "data")]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, **identity)
        try:
            _wait_until_ready(server, process)
            _create_database(server)
            yield server
        finally:
            process.send_signal(2)  # SIGINT: disconnect everyone, then stop
            process.wait(timeout=_PATIENCE)


def _programs() -> Path:
    """Find the newest release; its programs are not on the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name))
    assert found, "there is no PostgreSQL on this machine: install the package 'postgresql'"
    return found[-1]


def _identity(directory: Path) -> dict[str, Any]:
    """Give the user that the server runs as; it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    owner = next(entry for entry in pwd.getpwall() if entry.pw_name in _OWNERS)
    os.chown(directory, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _initialise(server: Postgres, identity: dict[str, Any]) -> None:
    data, secret = server.directory / "data", server.directory / "password"
    secret.write_text(server.password)
    secret.chmod(0o644)
    subprocess.run(
        [
            *(str(_programs() / "initdb"), f"--pgdata={data}", f"--username={server.user}", f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd=server.directory,
        **identity,
    )
    addresses = ",".join(filter(None, ("127.0.0.1", server.gateway)))
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(
            f"port = {server.port}\nlisten_addresses = '{addresses}'\nunix_socket_directories = ''\nfsync = off\n"
        )
    with (data / "pg_hba.conf").open("a") as access:
        access.write("host all all all scram-sha-256\n")  # whoever reaches those addresses; the password is wanted


def _wait_until_ready(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    ask = [str(_programs() / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={server.port}"]
    while subprocess.run(ask, check=False).returncode != 0:
        log = (server.directory / "log").read_text()
        assert process.poll() is None, log
        assert time.monotonic() < deadline, log
        time.sleep(0.1)


def _create_database(server: Postgres) -> None:
    url = server.url.rpartition("/")[0] + "/postgres"
    command = [str(_programs() / "psql"), "--no-psqlrc", "--quiet", "--command", f"CREATE DATABASE {server.name}", url]
    subprocess.run(command, check=True, capture_output=True)


def _bridge_gateway() -> str:
    """Give the address under which containers reach this machine; empty without Docker."""
    if shutil.which("docker") is None:
        return ""
    inspect = ["docker", "network", "inspect", "bridge", "--format", "{{range .IPAM.Config}}{{.Gateway}}{{end}}"]
    return subprocess.run(inspect, check=False, capture_output=True, text=True).stdout.strip()
