"""One command in the foreground of a sandbox, as PID 1, with the caller's terminal and signals: ``offramp run``."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from builder.build.bwrap_process import BwrapProcess
from builder.build.sandbox import SandboxSession
from lifecycle_py.session import Command, ExitStatus

# Kubernetes gives a container 30 seconds between SIGTERM and SIGKILL unless told otherwise.
DEFAULT_GRACE: Final = 30.0

_ENDING = (signal.SIGTERM, signal.SIGINT)
_FORWARDED = (*_ENDING, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def run_attached(session: SandboxSession, command: Command, *, grace: float = DEFAULT_GRACE) -> ExitStatus:
    """Run ``command`` as the first process of its namespace, as a container runtime would.

    Signals sent to us go to it. After SIGTERM or SIGINT it has ``grace`` seconds; then, or at the second such signal,
    it is killed. Must be called from the main thread, which alone may set signal handlers.

    Raises:
        CommandNotStartedError: there is no such program inside.
    """
    options = dataclasses.replace(session.options, as_pid_1=True)
    with session.started(command, options, attached=True) as process, _forwarding(process, grace):
        process.wait()
    return session.ended(command, process, "see the message above")


@contextmanager
def _forwarding(process: BwrapProcess, grace: float) -> Iterator[None]:
    deadline = threading.Timer(grace, process.kill)
    deadline.daemon = True

    def forward(number: int, _frame: FrameType | None) -> None:
        if number in _ENDING and deadline.ident is not None:
            process.kill()
            return
        process.send(signal.Signals(number))
        if number in _ENDING:
            deadline.start()

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        deadline.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
