"""A buildpack as a program, its output, and the SDK's front door."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import buildpacks.sdk
from buildpacks.sdk.output import Output
from buildpacks.sdk.sbom import Component, cyclonedx
from lifecycle_py.spec.errors import Explanation, Source

ROOT = Path(__file__).parents[4]
PROGRAM = """
import sys
from buildpacks.sdk import Buildpack, BuildResult, Failed, LayerTypes, Passed, plan, process, run_buildpack

class Hello(Buildpack):
    name = "Hello"
    def detect(self, context):
        if context.user_env.get("MODE") == "crash":
            raise RuntimeError("boom")
        found = (context.app_dir / "hello.txt").exists()
        return Passed(plan(provides=("hello",), requires=("hello",))) if found else Failed("no 'hello.txt'")
    def build(self, context):
        layer = context.layer("one", types=LayerTypes(launch=True))
        (layer.path / "seen").write_text(str(sorted(name for name in context.env if name.startswith("CNB_"))))
        context.run("echo", "hello")
        return BuildResult(processes=(process("web", "cat", "hello.txt", default=True),))

raise SystemExit(run_buildpack(Hello(), sys.argv))
"""


def _start(tmp_path: Path, phase: str, files: tuple[str, ...] = (), mode: str = "") -> subprocess.CompletedProcess[str]:
    for name in ("app", "layers", "platform/env", "bin"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    for name in files:
        (tmp_path / "app" / name).touch()
    (tmp_path / "platform/env/MODE").write_text(mode)
    (tmp_path / "plan.toml").write_text("")
    (tmp_path / "bin" / phase).write_text(PROGRAM)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "CNB_BUILDPACK_DIR": str(tmp_path),
        "CNB_PLATFORM_DIR": str(tmp_path / "platform"),
        "CNB_LAYERS_DIR": str(tmp_path / "layers"),
        "CNB_BUILD_PLAN_PATH": str(tmp_path / "plan.toml"),
        "CNB_BP_PLAN_PATH": str(tmp_path / "plan.toml"),
    }
    argv = [sys.executable, str(tmp_path / "bin" / phase)]
    return subprocess.run(argv, env=environment, cwd=tmp_path / "app", capture_output=True, text=True, check=False)


def test_main_detect_passes(tmp_path: Path) -> None:
    """Detection that passes ends with 0 and leaves the build plan."""
    done = _start(tmp_path, "detect", ("hello.txt",))

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "plan.toml").read_text() == '[[provides]]\nname = "hello"\n\n[[requires]]\nname = "hello"\n'


def test_main_detect_fails(tmp_path: Path) -> None:
    """Detection that fails ends with 100 and says what was looked for."""
    done = _start(tmp_path, "detect")

    assert (done.returncode, done.stdout) == (100, "no 'hello.txt'\n")


def test_main_internal_error(tmp_path: Path) -> None:
    """An error nobody explained is shown whole, as a fault of ours."""
    done = _start(tmp_path, "detect", mode="crash")

    assert done.returncode == 1
    assert "RuntimeError: boom" in done.stderr
    assert "fault of the buildpack" in done.stderr


def test_main_build(tmp_path: Path) -> None:
    """A build writes its layers and launch.toml, streams commands, and hides the lifecycle's variables from them."""
    done = _start(tmp_path, "build", ("hello.txt",))

    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello\n    hello\n", "")
    assert (tmp_path / "layers/one/seen").read_text() == "[]"
    assert "launch = true" in (tmp_path / "layers/one.toml").read_text()
    assert 'type = "web"' in (tmp_path / "layers/launch.toml").read_text()


def test_output_plain() -> None:
    """Without a terminal the log is plain text; a step that took long says how long."""
    log, ticks = io.StringIO(), iter((0.0, 2.25))
    output = Output(log, log, clock=lambda: next(ticks))

    with output.timed("Installing dependencies"):
        output.command_line("Collecting django")
    output.warning("old", "Use new.")
    output.error(Explanation(what="Broken", why="It is.\nReally.", fix=("Mend\nit.", "Rest")), Source.NETWORK)

    assert log.getvalue() == (
        "- Installing dependencies\n    Collecting django\n  Done (2.2 s)\n! Warning: old\n  Use new.\n"
        "! Error: Broken\n  It is.\n  Really.\n\n  What to do:\n  1. Mend\n     it.\n  2. Rest\n\n"
        "  The network failed, not your app. Trying again often helps.\n"
    )


def test_sdk_names_load() -> None:
    """Every name the SDK offers exists, and is the one its stub for type checkers imports."""
    for name in buildpacks.sdk.__all__:
        assert getattr(buildpacks.sdk, name) is not None
    text = Path(buildpacks.sdk.__file__).read_text()
    assert all(f"{name} as {name}" in text for name in buildpacks.sdk.__all__)


def test_cyclonedx_is_deterministic() -> None:
    """The same components give the same bytes in any order, without a clock or a random number."""
    one = Component(name="django", version="5.2", purl="pkg:pypi/django@5.2", license="BSD-3-Clause")
    two = Component(name="asgiref", version="3.8")

    assert cyclonedx([one, two, one]) == cyclonedx([two, one])
    assert [part["name"] for part in json.loads(cyclonedx([one, two]))["components"]] == ["asgiref", "django"]
