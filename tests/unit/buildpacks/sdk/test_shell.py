"""How a Procfile command runs: after .profile, without a shell between the app and its signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.sdk.shell import shell_script

BASH = shutil.which("bash") or "/bin/bash"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("gunicorn shop.wsgi", "exec gunicorn shop.wsgi"),
        ("gunicorn --bind 0.0.0.0:$PORT 2>&1", "exec gunicorn --bind 0.0.0.0:$PORT 2>&1"),
        ("A=1 B='x y' gunicorn", "A=1 B='x y' exec gunicorn"),
        ("cd src && python app.py", "cd src && exec python app.py"),
        ("cd src; export A=1; python app.py", "cd src; export A=1; exec python app.py"),
        ('echo "a && b | c" $(date | head) && run', 'echo "a && b | c" $(date | head) && exec run'),
        ("bin/server ${ARGS:-a b} 'x;y'", "exec bin/server ${ARGS:-a b} 'x;y'"),
        ("exec gunicorn", "exec gunicorn"),
        ("cd src && exec gunicorn", "cd src && exec gunicorn"),
        ("$APP_COMMAND", "exec $APP_COMMAND"),
    ],
)
def test_shell_script_exec(command: str, expected: str) -> None:
    """A program, also one behind builtins, takes bash's place; the rest of the text stays as it is."""
    assert shell_script(command, None) == expected


@pytest.mark.parametrize(
    "command",
    [
        "a | b",
        "a & b",
        "migrate && serve",
        "if a; then b; fi",
        "(a)",
        "a && { b; }",
        "cd /",
        "A=1",
        "run # note",
        "cat <<< x",
        "! a",
        "'open",
    ],
)
def test_shell_script_supervised(command: str) -> None:
    """A command that is not surely simple runs verbatim, as a job that gets the signals."""
    script = shell_script(command, None)

    assert f"\n{command}\n) &" in script
    assert "exec " not in script.replace(command, "")


def test_shell_script_profile_function() -> None:
    """A function that .profile defines is not a program, so it is not exec'ed."""
    assert "exec" not in shell_script("serve --fast", "serve () { :; }")
    assert shell_script("serve", "export A=1") == ". ./.profile\nexec serve"


@given(st.text(st.sampled_from("ab '\"\\`$(){};&|<>#=\n"), max_size=12).filter(lambda text: text.strip()))
def test_shell_script_keeps_the_command(command: str) -> None:
    """Nothing of a command is lost: without our own words, its text is in the script."""
    script = shell_script(command, None)

    assert command in script or command in script.replace("exec ", "", 1)


def _run(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BASH, "-c", script], cwd=cwd, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize("command", ["echo $A-$B", "A=2; echo $A-$B", "echo $A-$B | cat", "B=$(echo 1 2); echo $A-$B"])
def test_profile_is_sourced(tmp_path: Path, command: str) -> None:
    """Variables of .profile reach the command whatever its form, and the result is bash's own."""
    (tmp_path / ".profile").write_text("export A=1\n")

    plain = _run(f". ./.profile\n{command}", tmp_path)

    assert _run(shell_script(command, "export A=1"), tmp_path).stdout == plain.stdout


@pytest.mark.parametrize(
    "command", ["exit 7", "false | exit 3", "(exit 4)", "sh -c 'exit 5'", "true && sh -c 'exit 6'"]
)
def test_status_is_the_commands(tmp_path: Path, command: str) -> None:
    """The process ends with the status the command has in bash."""
    assert _run(shell_script(command, None), tmp_path).returncode == _run(command, tmp_path).returncode


@pytest.mark.parametrize(
    "form",
    [
        "{app}",
        "cd . && {app} 2>&1",
        "{app} | cat",
        "{{ {app}; }}",
        "true; {app} # web",
        "sleep 0 && {app} | cat",
        "while :; do {app}; done",
    ],
)
def test_sigterm_reaches_the_app(tmp_path: Path, form: str) -> None:
    """SIGTERM to the first process reaches the app, whatever the form of the command."""
    app = tmp_path / "app"
    app.write_text(
        "#!/bin/sh\ntrap 'sleep 0.1; echo > stopped; exit 0' TERM\necho started > ready\nwhile :; do sleep 0.02; done\n"
    )
    app.chmod(0o755)
    argv = [BASH, "-c", shell_script(form.format(app="./app"), None)]
    with subprocess.Popen(argv, cwd=tmp_path, start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 10
            while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    assert (tmp_path / "stopped").exists()
