"""A user namespace with a whole range of ids, for programs that have to be root inside, such as package managers.

Inside, root and 65,535 more ids exist; on the host they are ids of nobody, or, for an ordinary user, the user itself
and the range /etc/subuid gives it (as with ``mmdebstrap``). Root inside is root over its own namespace only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from builder.errors import IdRangeError
from lifecycle_py.oci.layer_tar import Owner

# Far from people, services, and the ranges that subuid files and systemd give away.
_BASE = 0x70000000
_COUNT = 65536
_PATIENCE = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class IdRange:
    """An open namespace. ``shift`` is by how many ids the owners of its files on the host are above those inside."""

    holder: int
    shift: int

    def enter(self, user: Owner) -> tuple[str, ...]:
        """Give the words before a command that run it in the namespace as this user."""
        namespace = f"--user=/proc/{self.holder}/ns/user"
        return ("nsenter", namespace, f"--setuid={user.uid}", f"--setgid={user.gid}", "--")


@contextmanager
def open_id_range() -> Iterator[IdRange]:
    """Open a namespace; it is gone when the block ends and nothing runs in it any more.

    Raises:
        IdRangeError: this host does not allow it; the error says what to do.
    """
    _require("unshare", "nsenter", *(() if os.geteuid() == 0 else ("newuidmap", "newgidmap")))
    # It lives as long as its standard input is open, so also no longer than this program.
    holder = subprocess.Popen(
        ["unshare", "--user", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with holder:
        try:
            _wait_for_namespace(holder)
            _map_ids(holder.pid)
            yield IdRange(holder=holder.pid, shift=_BASE if os.geteuid() == 0 else 0)
        finally:
            holder.kill()


def _require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise IdRangeError(problem=f"there is no program '{missing[0]}'")


def _wait_for_namespace(holder: subprocess.Popen[bytes]) -> None:
    own, deadline = Path("/proc/self/ns/user").readlink(), time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            if Path(f"/proc/{holder.pid}/ns/user").readlink() != own:
                return
        if holder.poll() is not None:
            words = holder.stderr.read().decode(errors="replace").strip() if holder.stderr else ""
            raise IdRangeError(problem=words or "a user namespace cannot be made")
        time.sleep(0.001)
    raise IdRangeError(problem="a user namespace was not made in time")


def _map_ids(pid: int) -> None:
    if os.geteuid() == 0:
        for kind in ("uid", "gid"):
            Path(f"/proc/{pid}/{kind}_map").write_text(f"0 {_BASE} {_COUNT}", encoding="ascii")
        return
    ranges = (("newuidmap", "/etc/subuid", os.getuid()), ("newgidmap", "/etc/subgid", os.getgid()))
    for program, file, own in ranges:
        first, count = _range_of_user(Path(file))
        words = [program, str(pid), "0", str(own), "1", "1", str(first), str(min(count, _COUNT - 1))]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise IdRangeError(problem=done.stderr.strip())


def _range_of_user(file: Path) -> tuple[int, int]:
    names = {str(os.getuid()), _own_name()}
    with suppress(OSError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(":")
            first, _, count = rest.partition(":")
            if name in names and first.isdecimal() and count.isdecimal():
                return int(first), int(count)
    raise IdRangeError(problem=f"{file} gives this user no range of ids")


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without an entry, as in many containers
        return str(os.getuid())
