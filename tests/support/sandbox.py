"""A sandbox over the default build image, with an app directory, for tests that run commands in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.build.executor import BuildEnvironment, Mount, Network
from builder.build.sandbox import SandboxExecutor, SandboxSession
from builder.build.sandbox_owner import sandbox_owner
from lifecycle_py.session import Command, ExitStatus
from tests.support.stack import debian_13

_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it printed."""

    status: ExitStatus
    lines: tuple[str, ...]


@contextmanager
def writable_directory() -> Iterator[Path]:
    """Give a directory that the sandbox may write to; pytest's own are closed to other users."""
    directory = Path(tempfile.mkdtemp(prefix="offramp-test-"))
    directory.chmod(0o755)
    if os.geteuid() == 0:
        owner = sandbox_owner()
        os.chown(directory, owner.uid, owner.gid)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def open_sandbox(app: Path, network: Network = Network.HOST) -> Iterator[SandboxSession]:
    """Open a session with ``app`` at ``/app``."""
    environment = BuildEnvironment(
        root=debian_13().build_root,
        mounts=(Mount(source=app, target=PurePosixPath("/app"), writable=True),),
        env={"PATH": _PATH},
        network=network,
    )
    with SandboxExecutor().open(environment) as session:
        yield session


def run_shell(session: SandboxSession, script: str, **env: str) -> Outcome:
    """Run a shell script in a session."""
    lines: list[str] = []
    variables = {name: value.encode() for name, value in env.items()}
    command = Command(argv=("sh", "-c", script), env=variables, working_dir=PurePosixPath("/app"))
    status = session.run(command, lines.append)
    return Outcome(status, tuple(lines))
