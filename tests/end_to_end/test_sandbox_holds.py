"""The sandbox holds: each test tries to get out, to get more rights, or to stay."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.build.executor import Network
from builder.build.sandbox import SandboxSession
from builder.places import default_places
from tests.support.sandbox import open_sandbox, run_shell, writable_directory
from tests.support.stack import debian_13

pytestmark = pytest.mark.end_to_end

PROJECT = Path(__file__).parents[2]

# A program that runs its second argument as a shell script in a sandbox, the first mounted at /app.
_PROGRAM = """
import sys
from pathlib import Path, PurePosixPath
from builder.build.attached import run_attached
from builder.build.executor import BuildEnvironment, Mount
from builder.build.sandbox import SandboxExecutor
from lifecycle_py.session import Command
app, script, root, grace = sys.argv[1:]
mount = Mount(source=Path(app), target=PurePosixPath("/app"), writable=True)
environment = BuildEnvironment(root=Path(root), env={"PATH": "/usr/bin:/bin"}, mounts=(mount,))
command = Command(argv=("sh", "-c", script))
with SandboxExecutor().open(environment) as session:
    if grace:
        sys.exit(run_attached(session, command, grace=float(grace)).code)
    sys.exit(session.run(command, lambda line: print(line, flush=True)).code)
"""


def _program(app: Path, script: str, grace: str = "") -> tuple[str, ...]:
    return (sys.executable, "-c", _PROGRAM, str(app), script, str(debian_13().build_root), grace)


@contextlib.contextmanager
def _running(arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environ(), text=True
    ) as caller:
        try:
            yield caller
        finally:
            caller.kill()


def _first_line(caller: subprocess.Popen[str]) -> str:
    assert caller.stdout is not None
    return caller.stdout.readline()


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


def _read_all(terminal: int) -> str:
    output = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal whose other side is closed with an error
        while data := os.read(terminal, 4096):
            output += data
    os.close(terminal)
    return output.decode()


def _processes(marker: str) -> list[str]:
    """List the processes of this host whose command line holds ``sleep <marker>``."""
    found = []
    for directory in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if directory.name.isdecimal() and (directory / "cmdline").read_bytes() == f"sleep\0{marker}\0".encode():
                found.append(directory.name)
    return found


def _eventually(fact: Callable[[], bool]) -> bool:
    """Wait a while for something that happens in another process."""
    deadline = time.monotonic() + 5
    while not fact() and time.monotonic() < deadline:
        time.sleep(0.05)
    return fact()


@pytest.fixture
def app() -> Iterator[Path]:
    """Give a directory for ``/app``."""
    with writable_directory() as directory:
        yield directory


@pytest.fixture
def session(app: Path) -> Iterator[SandboxSession]:
    """Open a sandbox."""
    with open_sandbox(app) as opened:
        yield opened


def test_only_three_places_are_writable(session: SandboxSession) -> None:
    """Of everything a command can see, it can write to the app, to ``/tmp`` and to memory of its own only."""
    outcome = run_shell(session, "find / -path /proc -prune -o -type d -writable -print 2>/dev/null")

    # /dev/shm is a private memory file system; /dev/pts is one of terminals, where no file can be made.
    assert set(outcome.lines) == {"/app", "/tmp", "/dev/shm", "/dev/pts"}


def test_settings_of_the_host_are_not_writable(session: SandboxSession) -> None:
    """Of the kernel's settings only those can be written that belong to the sandbox's own namespaces."""
    outcome = run_shell(session, "find /proc/sys /proc/sysrq-trigger -type f -writable 2>/dev/null")
    own = re.compile(r"/proc/sys/(fs/mqueue/.*|kernel/(auto_msgmni|msg.*|sem|shm.*|pid_max|ns_last_pid))")

    assert [line for line in outcome.lines if not own.fullmatch(line)] == []


@pytest.mark.parametrize(
    "place", ["/", "/etc", "/usr/bin", "/run", "/dev", "/cnb", "/sys", "/proc", "/root", "/var/tmp"]
)
def test_writing_elsewhere_fails(session: SandboxSession, place: str) -> None:
    """No file can be made outside of the writable places."""
    outcome = run_shell(session, f"touch {place}/intruder")

    assert not outcome.status.ok


def test_host_files_are_not_there(session: SandboxSession) -> None:
    """Neither the home directories of the host nor its temporary or Offramp's own files can be reached."""
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="offramp-secret-") as secret:
        places = (secret.name, PROJECT, default_places().images, default_places().roots, Path(sys.executable).parent)
        seen = [place for place in places if run_shell(session, f"ls -d {place}").status.ok]
        homes = run_shell(session, "find /root /home -mindepth 1 -not -name '.bashrc' -not -name '.profile'")

    assert seen == []
    assert homes.lines == ()


def test_accounts_are_the_images_own(session: SandboxSession) -> None:
    """The account files inside are not the host's."""
    outcome = run_shell(session, "cat /etc/passwd /etc/shadow")

    assert "app:x:1000:1000::/app:/bin/bash" in outcome.lines
    assert "app:*::0:99999:7:::" in outcome.lines


def test_host_root_is_not_reachable_through_proc(session: SandboxSession) -> None:
    """``/proc/*/root`` and ``/proc/*/cwd`` lead nowhere outside."""
    with tempfile.NamedTemporaryFile(dir="/tmp", prefix="offramp-secret-") as secret:
        outcome = run_shell(session, f"ls /proc/*/root{secret.name} /proc/*/cwd/../..{secret.name}")

    assert not outcome.status.ok


def test_host_processes_are_not_there(session: SandboxSession) -> None:
    """A command sees its own processes only, and cannot signal the caller's."""
    with subprocess.Popen(["sleep", "60"]) as host:
        outcome = run_shell(
            session, f"ls /proc | grep -c '^[0-9]'; cat /proc/*/cmdline; kill -9 {host.pid}; kill -9 -1"
        )
        survived = host.poll() is None
        host.kill()

    assert int(outcome.lines[0]) <= 6
    assert "pytest" not in "".join(outcome.lines)
    assert survived


def test_no_capabilities(session: SandboxSession) -> None:
    """No set of capabilities holds any, and none can come back through a set-uid program."""
    outcome = run_shell(session, "grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/self/status")
    values = {line.split()[0]: int(line.split()[1], 16) for line in outcome.lines}

    assert values == {"CapInh:": 0, "CapPrm:": 0, "CapEff:": 0, "CapBnd:": 0, "CapAmb:": 0, "NoNewPrivs:": 1}


@pytest.mark.parametrize(
    "attempt",
    [
        "unshare --user --map-root-user true",
        "unshare --mount true",
        "mount -t tmpfs none /app",
        "mount -o remount,rw /",
        "chroot / true",
        "su -c true",
        "hostname other",
        "echo 1 > /proc/sys/kernel/panic",
        "mknod /app/device b 8 0",
        "chown 0:0 /app",
        "nsenter --target 1 --all true",
        "setpriv --reuid 0 true",
        "cat /proc/1/environ | grep -a PATH && cat /proc/kcore | head -c 1",
    ],
)
def test_rights_cannot_be_gained(session: SandboxSession, attempt: str) -> None:
    """No namespace, mount, device, owner or kernel setting is for a command to make or change."""
    outcome = run_shell(session, f"{attempt}")

    assert not outcome.status.ok


def test_user_on_the_host_is_never_root(session: SandboxSession, app: Path) -> None:
    """Even for root, a command's files belong to an unprivileged user of the host."""
    run_shell(session, "touch /app/file")

    assert (app / "file").stat().st_uid != 0


def test_no_network_when_none(app: Path) -> None:
    """Without a network not even a service on the host's loopback can be reached."""
    script = "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 3)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = f'python3 -c "{script}" {server.getsockname()[1]}'
        with open_sandbox(app) as session:
            reached = run_shell(session, connect)
        with open_sandbox(app, Network.NONE) as session:
            unreached = run_shell(session, connect)
            devices = run_shell(session, "ls /sys/class/net /proc/net/dev; tail -n +3 /proc/net/dev | cut -d: -f1")

    assert reached.status.ok
    assert "Connection refused" in unreached.lines[-1]
    assert [line.strip() for line in devices.lines if line.startswith(" ")] == ["lo"]


def test_terminal_is_out_of_reach(app: Path) -> None:
    """Under a terminal, a command can neither open it nor push input into it (TIOCSTI)."""
    attempt = (
        "import fcntl,os,sys,termios\n"
        "for n in (0, 1, 2):\n"
        "    try: fcntl.ioctl(n, termios.TIOCSTI, b'x'); print('pushed')\n"
        "    except OSError: pass\n"
        "try: os.open('/dev/tty', os.O_RDWR); print('opened')\n"
        "except OSError as error: print('closed')"
    )
    (app / "attempt.py").write_text(attempt, encoding="utf-8")
    process, terminal = pty.fork()
    if process == 0:
        os.execvpe(sys.executable, _program(app, "python3 /app/attempt.py"), _environ())  # noqa: S606
    output = _read_all(terminal)
    os.waitpid(process, 0)

    assert output.split() == ["closed"]


def test_daemon_ends_with_its_command(session: SandboxSession) -> None:
    """A process that hides in a session of its own and ignores signals is gone when its command ended."""
    marker = f"60{os.getpid()}"
    outcome = run_shell(session, f"(trap '' TERM HUP INT; setsid setsid sleep {marker} &) ; echo done")

    assert outcome.lines == ("done",)
    assert _processes(marker) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_caller(app: Path, number: signal.Signals) -> None:
    """When Offramp is killed, even by SIGKILL, no process of the sandbox stays."""
    marker = f"61{os.getpid()}{number.value}"
    script = f"trap '' TERM HUP INT; echo up; (setsid sleep {marker} &) ; sleep {marker}"
    with _running(_program(app, script)) as caller:
        assert _first_line(caller) == "up\n"
        assert _eventually(lambda: len(_processes(marker)) == 2)
        caller.send_signal(number)
        caller.wait(20)

    assert _eventually(lambda: not _processes(marker))


def test_attached_process_is_pid_1_and_gets_signals(app: Path) -> None:
    """In the foreground a process is PID 1, ends by its own handling of SIGTERM, and gives its exit code."""
    script = "trap 'echo bye; exit 9' TERM; echo pid $$; while :; do sleep 0.05; done"
    with _running(_program(app, script, grace="20")) as caller:
        first = _first_line(caller)
        caller.send_signal(signal.SIGTERM)
        rest = caller.communicate(timeout=20)[0]

    assert (first, rest, caller.returncode) == ("pid 1\n", "bye\n", 9)


def test_attached_process_is_killed_after_its_grace(app: Path) -> None:
    """A process that ignores SIGTERM is killed after its grace and not before."""
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    with _running(_program(app, script, grace="1")) as caller:
        _first_line(caller)
        begin = time.monotonic()
        caller.send_signal(signal.SIGTERM)
        caller.wait(20)

    assert caller.returncode == 128 + signal.SIGKILL
    assert 0.9 < time.monotonic() - begin < 5


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_ordinary_user_needs_no_rights(app: Path) -> None:
    """A user without any rights opens the same sandbox."""
    for package in ("lifecycle_py", "builder"):  # the checkout may lie in root's home
        shutil.copytree(PROJECT / package, app / "project" / package)
    os.chown(app, 4242, 4242)
    script = "id -u; grep CapEff /proc/self/status; touch /app/mine"
    result = subprocess.run(
        ("/usr/bin/python3", *_program(app, script)[1:]),
        user=4242,
        group=4242,
        extra_groups=(),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(app / "project"), "HOME": str(app)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.split() == ["1000", "CapEff:", "0000000000000000"], result.stderr
    assert (app / "mine").stat().st_uid == 4242
