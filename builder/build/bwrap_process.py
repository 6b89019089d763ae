"""One bubblewrap process and the process namespace behind it: started, watched, and surely gone at the end."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from builder.build.bwrap_arguments import BwrapCommandLine
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.session import ExitStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Bwrap:
    """The bubblewrap program and the host user it runs as; ``owner`` is None when that is already the caller.

    ``before`` are words put before it, which run it in another user namespace.
    """

    path: Path
    owner: Owner | None
    before: tuple[str, ...] = ()

    @staticmethod
    def find() -> Path | None:
        """Find the program on this host."""
        found = shutil.which("bwrap")
        return Path(found) if found else None

    def start(self, line: BwrapCommandLine, *, attached: bool = False) -> BwrapProcess:
        """Start a command; its output comes through a pipe, or goes where ours goes when ``attached``."""
        options = _memory_file(b"".join(option.encode("utf-8", "surrogateescape") + b"\0" for option in line.options))
        status_read, status_write = os.pipe()
        reporting = ("--json-status-fd", str(status_write), "--args", str(options))
        try:
            process = subprocess.Popen(
                [*self.before, self.path, *reporting, "--", *line.argv],
                stdin=None if attached else subprocess.DEVNULL,
                stdout=None if attached else subprocess.PIPE,
                stderr=None if attached else subprocess.STDOUT,
                # Empty: a command's LD_PRELOAD must never reach bubblewrap itself, which runs outside of the sandbox.
                env={},
                pass_fds=(options, status_write),
                start_new_session=True,  # Ctrl-C reaches us only, and we end the sandbox in order
                umask=0o022,
                user=self.owner.uid if self.owner else None,
                group=self.owner.gid if self.owner else None,
                extra_groups=() if self.owner else None,
            )
        except BaseException:
            os.close(status_read)
            raise
        finally:
            os.close(options)
            os.close(status_write)
        return BwrapProcess(process, os.fdopen(status_read, "rb"))


class BwrapProcess:
    """A running command. The thread that started it must outlive it: the kernel ties ``die-with-parent`` to threads."""

    def __init__(self, process: subprocess.Popen[bytes], status: BinaryIO) -> None:
        """Wait until bubblewrap names the first process of the namespace, or gives up."""
        self._process = process
        self._status_pipe = status
        self._killed = False
        self._handle_lock = threading.RLock()  # a signal handler may come back to it on the same thread
        self._first: int | None = None
        self.status: ExitStatus | None = None  # set by finish; still None when the command was never started
        try:
            self._first = _first_process(status.readline())
        except BaseException:
            process.kill()
            raise

    @property
    def output(self) -> IO[bytes]:
        """Give the read end of stdout and stderr."""
        if self._process.stdout is None:
            raise ValueError("an attached process writes to the caller's own output")
        return self._process.stdout

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the first process of the namespace."""
        with self._handle_lock, suppress(ProcessLookupError):
            if self._first is not None:
                signal.pidfd_send_signal(self._first, number)

    def kill(self) -> None:
        """Kill every process of the namespace: they cannot outlive its first."""
        self._killed = True
        self.send(signal.SIGKILL)
        self._process.kill()

    def wait(self) -> None:
        """Wait until no process is left.

        The kernel reports the first process of a namespace as ended only after all the others were reaped, so this
        wait is the proof that nothing stays behind.
        """
        self._process.wait()
        with self._handle_lock:
            if self._first is not None:
                poller = select.poll()
                poller.register(self._first, select.POLLIN)
                poller.poll()

    def finish(self) -> None:
        """Wait until no process is left and learn how the command ended. For the thread that reads the output only."""
        self.wait()
        with self._handle_lock:
            if self._first is not None:
                os.close(self._first)
                self._first = None
        if self._process.stdout is not None:
            self._process.stdout.close()
        with self._status_pipe:
            self.status = self._exit_status([json.loads(line).get("exit-code") for line in self._status_pipe])

    def _exit_status(self, exit_codes: list[int | None]) -> ExitStatus | None:
        if self._process.returncode < 0:  # bubblewrap itself was killed, by us or by the kernel for want of memory
            return ExitStatus(128 - self._process.returncode)
        reported = next((code for code in exit_codes if code is not None), None)
        if reported is not None:
            return ExitStatus(reported)
        return ExitStatus(128 + signal.SIGKILL) if self._killed else None


def _first_process(line: bytes) -> int | None:
    """Open a handle on the first process, which unlike its number can never come to mean another process."""
    if not line:
        return None
    try:
        return os.pidfd_open(int(json.loads(line)["child-pid"]))
    except ProcessLookupError:  # it was very quick
        return None


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("bwrap-options")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
