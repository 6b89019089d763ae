"""The default executor: commands run in a bubblewrap sandbox over an unpacked image, without root and without Docker.

Read ``bwrap_arguments.py`` for what the isolation is, this file for what lives and ends with a session.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from builder.build.bwrap_arguments import SandboxOptions, bwrap_arguments
from builder.build.bwrap_process import Bwrap, BwrapProcess
from builder.build.executor import BuildEnvironment
from builder.build.host import require_sandbox
from builder.build.host_passage import HostPassage, build_passage, write_passage
from builder.build.output_lines import LineSplitter
from builder.build.workspace import remove_unwritable_tree
from builder.errors import CommandNotStartedError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.session import Command, ExitStatus, OutputLine

Passage = Callable[[BuildEnvironment], HostPassage]

_READ_SIZE = 64 * 1024


def passage_of_builds(environment: BuildEnvironment) -> HostPassage:
    """Give a build the host's name resolution, CA bundle and proxies."""
    return build_passage(environment.network, environment.host_name, os.environ)


class SandboxExecutor:
    """**Executor** over bubblewrap.

    ``passage`` decides what of the host's network settings a session sees. Root file system and mount sources must be
    reachable for ``sandbox_owner()``, and what is writable must belong to it.
    """

    def __init__(self, passage: Passage = passage_of_builds) -> None:
        """Nothing is started or read here."""
        self._passage = passage

    @contextmanager
    def open(self, environment: BuildEnvironment) -> Iterator[SandboxSession]:
        """Open a session; at its end every process of it is gone and its ``/tmp`` is removed.

        Raises:
            SandboxUnavailableError: this host cannot open a sandbox; the error says why and what to do.
        """
        bwrap, forbid_user_namespaces = require_sandbox()
        directory = Path(tempfile.mkdtemp(prefix="offramp-sandbox-", dir=environment.work))
        try:
            passage = self._passage(environment)
            options = SandboxOptions(
                files=write_passage(passage, directory),
                scratch=_make_scratch(directory, bwrap.owner),
                env=tuple(passage.env.items()),
                forbid_user_namespaces=forbid_user_namespaces,
            )
            session = SandboxSession(environment, bwrap, options)
            try:
                yield session
            finally:
                session.close()
        finally:
            remove_unwritable_tree(directory)


class SandboxSession:
    """**Session** of a sandbox: each command gets namespaces of its own, all share the mounts and ``/tmp``."""

    def __init__(self, environment: BuildEnvironment, bwrap: Bwrap, options: SandboxOptions) -> None:
        """Start with nothing running."""
        self.environment = environment
        self.options = options
        self._bwrap = bwrap
        self._lock = threading.Lock()
        self._running: set[BwrapProcess] = set()
        self._closed = False

    def run(self, command: Command, on_line: OutputLine) -> ExitStatus:
        """Run a command to its end; what it left running in the background is killed then.

        Raises:
            CommandNotStartedError: there is no such program inside, or a mount is impossible.
        """
        last_lines: deque[str] = deque(maxlen=3)

        def remember(line: str) -> None:
            last_lines.append(line)
            on_line(line)

        with self.started(command, self.options) as process:
            give_lines(process.output, remember)
        return self.ended(command, process, "; ".join(last_lines))

    @contextmanager
    def started(self, command: Command, options: SandboxOptions, *, attached: bool = False) -> Iterator[BwrapProcess]:
        """Start a command, and leave no process of it behind however the block ends."""
        line = bwrap_arguments(self.environment, command, options)
        with self._lock:  # closing must see every process that was started
            if self._closed:
                raise CommandNotStartedError(program=command.argv[0], problem="the session has ended")
            process = self._bwrap.start(line, attached=attached)
            self._running.add(process)
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            process.finish()
            with self._lock:
                self._running.discard(process)

    def ended(self, command: Command, process: BwrapProcess, last_words: str) -> ExitStatus:
        """Give how a finished process ended."""
        if process.status is None:
            raise CommandNotStartedError(program=command.argv[0], problem=last_words.removeprefix("bwrap: "))
        return process.status

    def close(self) -> None:
        """Kill what still runs, from whichever thread it was started; those threads see signal 9."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for process in running:
            process.kill()
        for process in running:
            process.wait()


def give_lines(stream: IO[bytes], on_line: OutputLine) -> None:
    """Give every line of a command's output as it comes."""
    splitter = LineSplitter()
    while data := os.read(stream.fileno(), _READ_SIZE):
        for line in splitter.feed(data):
            on_line(line)
    for line in splitter.finish():
        on_line(line)


def _make_scratch(directory: Path, owner: Owner | None) -> Path:
    scratch = directory / "tmp"
    scratch.mkdir()
    scratch.chmod(0o1777)  # as every /tmp; who may come here at all is decided by the directory around it
    if owner is not None:
        for path in (scratch, directory):  # the outer one last: until then nobody else can reach in
            os.chown(path, owner.uid, owner.gid)
    return scratch
