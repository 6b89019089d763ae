"""The contract of the Executor port. Every implementation is run through all of it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from builder.build.executor import BuildEnvironment, Executor, Mount
from builder.build.sandbox import SandboxExecutor
from builder.errors import CommandNotStartedError
from lifecycle_py.session import Command, ExitStatus, Session
from tests.support.sandbox import writable_directory
from tests.support.stack import debian_13

EXECUTORS = {"sandbox": SandboxExecutor}

pytestmark = pytest.mark.end_to_end


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Executor:
    """Give each implementation."""
    return EXECUTORS[request.param]()


@pytest.fixture
def app() -> Iterator[Path]:
    """Give a directory for ``/app``."""
    with writable_directory() as directory:
        yield directory


@pytest.fixture
def environment(app: Path) -> BuildEnvironment:
    """Describe the default build image with ``app`` at ``/app``."""
    return BuildEnvironment(
        root=debian_13().build_root,
        mounts=(Mount(source=app, target=PurePosixPath("/app"), writable=True),),
        env={"PATH": "/usr/bin:/bin", "FROM_IMAGE": "image", "BOTH": "image"},
    )


@pytest.fixture
def session(executor: Executor, environment: BuildEnvironment) -> Iterator[Session]:
    """Open a session."""
    with executor.open(environment) as opened:
        yield opened


def _shell(script: str, **env: bytes) -> Command:
    return Command(argv=("sh", "-c", script), env=env, working_dir=PurePosixPath("/app"))


def _lines(session: Session, command: Command) -> list[str]:
    lines: list[str] = []
    session.run(command, lines.append)
    return lines


def test_run_gives_exit_code(session: Session) -> None:
    """A status that is not zero is a result, not an error."""
    status = session.run(_shell("exit 7"), lambda _line: None)

    assert status == ExitStatus(7)


def test_run_gives_signal(session: Session) -> None:
    """A command that a signal ended has 128 plus its number."""
    status = session.run(_shell("kill -TERM $$"), lambda _line: None)

    assert status == ExitStatus(128 + 15)


def test_run_merges_streams_in_order(session: Session) -> None:
    """Lines of stdout and stderr come in the order in which they were printed."""
    lines = _lines(session, _shell("echo one; echo two >&2; echo three"))

    assert lines == ["one", "two", "three"]


def test_run_gives_unfinished_last_line(session: Session) -> None:
    """A last line without an end is a line."""
    assert _lines(session, _shell("printf 'a\\nb'")) == ["a", "b"]


def test_run_replaces_broken_text(session: Session) -> None:
    """Bytes that are not UTF-8 never stop a build."""
    assert _lines(session, _shell("printf '\\377x\\n'")) == ["\ufffdx"]


def test_run_gives_lines_while_command_runs(session: Session) -> None:
    """A line is given when it is printed, not when the command ends."""
    begin = time.monotonic()
    times: list[float] = []
    session.run(_shell("echo early; sleep 1"), lambda _line: times.append(time.monotonic() - begin))

    assert times[0] < 0.8


def test_run_finds_no_program(session: Session) -> None:
    """A command that could not be started at all is an error that names it."""
    with pytest.raises(CommandNotStartedError, match="no-such-program"):
        session.run(Command(argv=("no-such-program",)), lambda _line: None)


def test_run_finds_no_working_directory(session: Session) -> None:
    """A working directory that does not exist inside is such an error, too."""
    with pytest.raises(CommandNotStartedError, match="/nowhere"):
        session.run(Command(argv=("true",), working_dir=PurePosixPath("/nowhere")), lambda _line: None)


def test_environment_is_image_then_command(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sees the image's variables with its own on top, and none of the caller's."""
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    lines = _lines(session, _shell("env", BOTH=b"command"))

    assert {"FROM_IMAGE=image", "BOTH=command"} <= set(lines)
    assert not [line for line in lines if "SECRET_OF_THE_CALLER" in line]


def test_environment_keeps_bytes(session: Session) -> None:
    """A value that is not UTF-8 arrives byte for byte."""
    lines = _lines(session, _shell('printf %s "$RAW" | od -An -tx1', RAW=b"\xff\xfe"))

    assert lines == [" ff fe"]


def test_user_is_the_one_asked_for(executor: Executor, environment: BuildEnvironment) -> None:
    """Commands run with the uid and gid of the environment."""
    other = dataclasses.replace(environment, uid=1234, gid=4321)
    with executor.open(other) as session:
        lines = _lines(session, _shell("id -u; id -g"))

    assert lines == ["1234", "4321"]


def test_files_written_inside_stay(session: Session, app: Path) -> None:
    """What a command writes to a writable mount is there on the host, owned by whom the mount belongs to."""
    session.run(_shell("echo hello > /app/file"), lambda _line: None)

    assert (app / "file").read_text(encoding="utf-8") == "hello\n"
    assert (app / "file").stat().st_uid == app.stat().st_uid


def test_commands_share_tmp(session: Session) -> None:
    """What one command leaves in ``/tmp`` the next one finds."""
    session.run(_shell("echo kept > /tmp/file"), lambda _line: None)

    assert _lines(session, _shell("cat /tmp/file")) == ["kept"]


def test_commands_run_at_once(session: Session) -> None:
    """Commands of several threads run at the same time."""
    meet = "touch /tmp/{me}; for i in $(seq 100); do [ -e /tmp/{other} ] && exit 0; sleep 0.05; done; exit 1"
    statuses: dict[str, ExitStatus] = {}

    def run(me: str, other: str) -> None:
        statuses[me] = session.run(_shell(meet.format(me=me, other=other)), lambda _line: None)

    threads = [threading.Thread(target=run, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == {"a": ExitStatus(0), "b": ExitStatus(0)}


def test_error_in_on_line_ends_command(session: Session) -> None:
    """When the caller gives up while a line is told, the command does not go on."""
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.run(_shell("echo go; sleep 60"), _interrupt)

    assert time.monotonic() - begin < 10


def test_session_end_ends_commands(executor: Executor, environment: BuildEnvironment) -> None:
    """At the end of a session the commands of other threads end as if killed."""
    statuses: list[ExitStatus] = []
    started = threading.Event()

    @contextmanager
    def background(session: Session) -> Iterator[None]:
        command = _shell("trap '' TERM INT; echo go; sleep 60")
        thread = threading.Thread(
            target=lambda: statuses.append(session.run(command, lambda _line: started.set())), daemon=True
        )
        thread.start()
        started.wait(10)
        try:
            yield
        finally:
            threads.append(thread)

    threads: list[threading.Thread] = []
    with executor.open(environment) as session, background(session):
        pass
    threads[0].join(10)

    assert statuses == [ExitStatus(128 + 9)]


def _interrupt(_line: str) -> None:
    raise KeyboardInterrupt
