"""The running app's environment, and what is added to it by setting."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildpacks.ruby import app_errors
from buildpacks.ruby.rails_environment import has_jemalloc, web_concurrency_program
from buildpacks.sdk import Scope
from buildpacks.sdk.commands import Command
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp

FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}
V2, V1 = "memory.max", "memory/memory.limit_in_bytes"


def run_program(directory: Path, files: dict[str, str], **environment: str) -> dict[str, str]:
    """Run the program as a launcher does, in a container whose cgroup has these files; gives what it sets."""
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    script = directory / "program"
    script.write_text(web_concurrency_program(str(directory)))
    done = subprocess.run(
        ["/bin/sh", "-c", f"/bin/sh {script} 3>{directory}/out"],
        env={"PATH": "/usr/bin:/bin", **environment},
        check=True, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("", "")
    lines = (directory / "out").read_text().splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition(" = ") for line in lines)}


@pytest.mark.parametrize("file", [V2, V1])
@pytest.mark.parametrize(
    ("mebibytes", "processes"),
    [(256, 2), (512, 2), (513, 4), (1024, 4), (2560, 8), (2561, 16), (14336, 16), (1048575, 16)],
)
def test_processes_follow_the_memory(tmp_path: Path, file: str, mebibytes: int, processes: int) -> None:
    """The sizes are those of Heroku's dynos, whichever cgroup tells the memory."""
    assert run_program(tmp_path, {file: f"{mebibytes << 20}\n"}, SENSIBLE_DEFAULTS="1") == {
        "HEROKU_RAM_LIMIT_MB": str(mebibytes),
        "WEB_CONCURRENCY": str(processes),
        "WEB_CONCURRENCY_SET_BY": "offramp/ruby",
    }


@pytest.mark.parametrize(
    "files",
    [{}, {V2: "max\n"}, {V2: ""}, {V2: "max\n", V1: "536870912\n"}, {V1: "9223372036854771712\n"}, {V2: "12x\n"}],
)
def test_memory_without_limit_settles_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    """A guess from the whole machine would be wrong; cgroup v2 counts where both are there."""
    assert run_program(tmp_path, files, SENSIBLE_DEFAULTS="1") == {}


@pytest.mark.parametrize(
    "environment", [{}, {"SENSIBLE_DEFAULTS": ""}, {"SENSIBLE_DEFAULTS": "1", "WEB_CONCURRENCY": "3"}]
)
def test_nothing_is_settled_unasked_or_twice(tmp_path: Path, environment: dict[str, str]) -> None:
    """As on Heroku; what the user sets is kept."""
    assert run_program(tmp_path, {V2: "536870912\n"}, **environment) == {}


@pytest.mark.parametrize(("value", "is_on"), [("1", True), ("true", True), (" On ", True), ("0", False), ("", False)])
def test_yjit_by_setting(tmp_path: Path, value: str, is_on: bool) -> None:  # noqa: FBT001 - a table
    """Ruby is asked first whether it has the compiler; the running app may still turn it off."""
    app = RubyApp(tmp_path, FILES, user_env={"OFFRAMP_RUBY_YJIT": value})

    env = app.build().layer("settings").layer.env

    assert env.apply(Scope.LAUNCH, {}).get("RUBY_YJIT_ENABLE") == ("1" if is_on else None)
    assert "RUBY_YJIT_ENABLE" not in env.apply(Scope.BUILD, {})
    assert env.apply(Scope.LAUNCH, {"RUBY_YJIT_ENABLE": "0"})["RUBY_YJIT_ENABLE"] == "0"
    assert ("ruby --yjit -e exit" in app.fakes.lines) is is_on


def test_yjit_that_this_ruby_has_not(tmp_path: Path) -> None:
    """Debian's has none; the error says where one comes from."""

    def ruby(command: Command) -> tuple[int, str]:
        return (1, "ruby: invalid option --yjit\n") if "--yjit" in command.argv else (0, "3.3.0\n2.5.22\n")

    app = RubyApp(tmp_path, FILES, answers={"ruby": ruby}, user_env={"OFFRAMP_RUBY_YJIT": "1"})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, app_errors.NoYjitError)
    assert "OFFRAMP_RUBY_ARCHIVE" in failed.value.output


def test_jemalloc_that_is_not_installed() -> None:
    """It is in no directory; the error has the line for the Aptfile."""
    error = app_errors.NoJemallocError(setting="OFFRAMP_RUBY_JEMALLOC", library="libjemalloc.so.2")

    assert not has_jemalloc("/nowhere", system=())
    assert "libjemalloc2" in error.explain().fix[0]


def test_jemalloc_of_an_aptfile(tmp_path: Path) -> None:
    """It is loaded into the running app, and into nothing of the build."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libjemalloc.so.2").touch()
    settings = {"OFFRAMP_RUBY_JEMALLOC": "1", "LD_LIBRARY_PATH": f"/nowhere:{tmp_path}/lib"}

    env = RubyApp(tmp_path / "app", FILES, user_env=settings).build().layer("settings").layer.env

    assert env.apply(Scope.LAUNCH, {})["LD_PRELOAD"] == "libjemalloc.so.2"
    assert "LD_PRELOAD" not in env.apply(Scope.BUILD, {})


def test_jemalloc_is_looked_for_where_libraries_are(tmp_path: Path) -> None:
    """An empty entry of LD_LIBRARY_PATH is no directory."""
    found = tmp_path / "found"
    found.mkdir()
    (found / "libjemalloc.so.2").touch()

    assert has_jemalloc("", system=[str(found)])
    assert has_jemalloc(str(found), system=[])
    assert not has_jemalloc(":/nowhere", system=[str(tmp_path)])
