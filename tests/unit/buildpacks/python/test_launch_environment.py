"""The environment of the running app, and the program that settles WEB_CONCURRENCY."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from buildpacks.python.launch_environment import launch_environment, web_concurrency_program
from buildpacks.sdk import Scope


def test_launch_environment() -> None:
    """The app sees Heroku's variables."""
    assert launch_environment(Path("/app"), Path("/layers/python/lib")).apply(Scope.LAUNCH, {}) == {
        "FORWARDED_ALLOW_IPS": "*",
        "GUNICORN_CMD_ARGS": "--access-logfile -",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": "/layers/python/lib",
        "LIBRARY_PATH": "/layers/python/lib",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": "/app",
        "PYTHONUNBUFFERED": "true",
    }


def test_launch_environment_keeps_user_values() -> None:
    """What the user sets stays, but for FORWARDED_ALLOW_IPS."""
    user = {"GUNICORN_CMD_ARGS": "", "LANG": "C", "PYTHONPATH": "/lib", "FORWARDED_ALLOW_IPS": "10.0.0.1"}

    env = launch_environment(Path("/app"), Path("/layers/python/lib")).apply(Scope.LAUNCH, user)

    assert (env["LANG"], env["PYTHONPATH"], env["FORWARDED_ALLOW_IPS"]) == ("C", "/lib", "*")


def run_web_concurrency(
    tmp_path: Path, cores: int, files: dict[str, str], **environment: str
) -> tuple[dict[str, str], str]:
    """Run the program as the launcher does, in a container of this size; gives what it sets and what it says."""
    cgroups = tmp_path / "cgroup"
    for name, text in files.items():
        (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroups / name).write_text(f"{text}\n")
    (tmp_path / "nproc").write_text(f"#!/bin/sh\necho {cores}\n")
    (tmp_path / "nproc").chmod(0o755)
    program = tmp_path / "web-concurrency"
    program.write_text(web_concurrency_program(str(cgroups)))
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{program} 3>{tmp_path}/out"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = (tmp_path / "out").read_text().splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition(" = ") for line in lines)}, done.stderr


@pytest.mark.parametrize(
    ("mebibytes", "cores", "expected"),
    [
        (512, 8, 2),
        (1024, 8, 4),
        (2560, 2, 5),
        (14336, 8, 17),
        (30720, 4, 9),
        (63488, 8, 17),
        (129024, 16, 33),
        (100, 8, 1),
    ],
)
@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_web_concurrency_sizes(tmp_path: Path, mebibytes: int, cores: int, expected: int, file: str) -> None:
    """Heroku's sizes give Heroku's numbers, with cgroup v2 and v1 alike."""
    settings, messages = run_web_concurrency(tmp_path, cores, {file: str(mebibytes << 20)})

    assert settings == {
        "DYNO_RAM": str(mebibytes),
        "WEB_CONCURRENCY": str(expected),
        "WEB_CONCURRENCY_SET_BY": "offramp/python",
    }
    assert messages == ""


@pytest.mark.parametrize("files", [{}, {"memory.max": "max"}, {"memory/memory.limit_in_bytes": "9223372036854771712"}])
def test_web_concurrency_without_limit(tmp_path: Path, files: dict[str, str]) -> None:
    """Without a memory limit the processors alone decide."""
    assert run_web_concurrency(tmp_path, 4, files)[0] == {
        "WEB_CONCURRENCY": "9",
        "WEB_CONCURRENCY_SET_BY": "offramp/python",
    }


@pytest.mark.parametrize(
    "files", [{"cpu.max": "150000 100000"}, {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}]
)
def test_web_concurrency_share_of_processors(tmp_path: Path, files: dict[str, str]) -> None:
    """A container's share of the processors counts, not the machine's number of them."""
    assert run_web_concurrency(tmp_path, 64, files)[0]["WEB_CONCURRENCY"] == "5"


def test_web_concurrency_user_value(tmp_path: Path) -> None:
    """A value of the user is kept, and 'web' processes say so."""
    settings, messages = run_web_concurrency(
        tmp_path, 4, {"memory.max": "536870912"}, WEB_CONCURRENCY="7", DYNO="web.1"
    )

    assert settings == {"DYNO_RAM": "512"}
    assert "already set" in messages


def test_web_concurrency_messages(tmp_path: Path) -> None:
    """A 'web' process says on standard error what was chosen and why."""
    _, messages = run_web_concurrency(tmp_path, 8, {"memory.max": "536870912"}, DYNO="web.1")

    assert messages == (
        "Python buildpack: Detected 512 MB available memory and 8 CPU cores.\n"
        "Python buildpack: Defaulting WEB_CONCURRENCY to 2 based on the available memory.\n"
    )
