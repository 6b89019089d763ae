"""The Procfile buildpack as a lifecycle sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.procfile.buildpack import LABEL, ProcfileBuildpack
from buildpacks.sdk.testing import AppUnderTest, BuildFailedError


def _app(tmp_path: Path, procfile: str, **user_env: str) -> AppUnderTest:
    return AppUnderTest(ProcfileBuildpack(), tmp_path, {"Procfile": procfile}, user_env=user_env)


def test_detect(tmp_path: Path) -> None:
    """A Procfile is all it takes."""
    assert _app(tmp_path, "").detect().passed


def test_detect_wrong_name(tmp_path: Path) -> None:
    """A file with nearly the right name is pointed out."""
    detection = AppUnderTest(ProcfileBuildpack(), tmp_path, {"procfile": "web: x"}).detect()

    assert not detection.passed
    assert "there is 'procfile'" in detection.output


def test_build_processes(tmp_path: Path) -> None:
    """Each entry runs through bash; 'web' is the default; the label keeps what was written."""
    built = _app(tmp_path, "Worker: work | log\nweb: gunicorn app\n").build()

    worker, web = built.result.processes
    assert (web.type, web.command, web.args, web.default) == ("web", ("bash", "-c"), ("exec gunicorn app",), True)
    assert (worker.type, worker.default) == ("worker", False)
    assert json.loads(next(label.value for label in built.result.labels if label.key == LABEL)) == [
        {"type": "worker", "key": "Worker", "command": "work | log", "line": 1},
        {"type": "web", "key": "web", "command": "gunicorn app", "line": 2},
    ]
    assert built.output == (
        "Procfile\n! Warning: Procfile key `Worker` has been corrected to `worker`. Please update your Procfile.\n"
        "- worker: work | log\n- web: gunicorn app (default)\n"
    )


@pytest.mark.parametrize(("procfile", "default"), [("job: x", "job"), ("a: x\nb: y", None), ("a: x\nweb: y", "web")])
def test_build_default(tmp_path: Path, procfile: str, default: str | None) -> None:
    """'web' is the default, else a sole process, else none."""
    processes = _app(tmp_path, procfile).build().result.processes

    assert next((process.type for process in processes if process.default), None) == default


def test_build_profile(tmp_path: Path) -> None:
    """An app with a .profile has it sourced before every process."""
    app = _app(tmp_path, "web: run")
    app.write({".profile": "export A=1"})

    assert app.build().result.processes[0].args == (". ./.profile\nexec run",)


def test_build_lenient_setting(tmp_path: Path) -> None:
    """The setting chooses Heroku's classic grammar."""
    app = _app(tmp_path, "web run\n>>>>>>> junk", OFFRAMP_PROCFILE_GRAMMAR="lenient")

    assert [process.type for process in app.build().result.processes] == ["web"]


def test_build_unknown_setting(tmp_path: Path) -> None:
    """Another word in the setting is an error that names the right ones."""
    with pytest.raises(BuildFailedError, match="OFFRAMP_PROCFILE_GRAMMAR is 'loose'"):
        _app(tmp_path, "web: x", OFFRAMP_PROCFILE_GRAMMAR="loose").build()


def test_build_error_is_shown(tmp_path: Path) -> None:
    """A broken line fails the build with its position and a caret."""
    with pytest.raises(BuildFailedError) as caught:
        _app(tmp_path, "web: run\nworker work").build()

    assert caught.value.output == (
        "Procfile\n! Error: Procfile, line 2, column 7: expected ':' after the process type\n"
        "  2 | worker work\n            ^\n\n  What to do:\n"
        "  1. Write every process as 'type: command', such as 'web: gunicorn shop.wsgi'.\n"
        "  2. If Heroku accepted this file, set OFFRAMP_PROCFILE_GRAMMAR=lenient to have it read as Heroku did.\n"
    )


def test_profile_d_of_the_app(tmp_path: Path) -> None:
    """An app's own ``.profile.d`` is sourced by the launcher, whichever buildpacks the app needs beside."""
    files = {"Procfile": "web: serve", ".profile.d/a.sh": "export A=1"}
    built = AppUnderTest(ProcfileBuildpack(), tmp_path, files).build()

    assert "- Sourcing .profile.d/*.sh before every process\n" in built.output
    assert (built.layer("profile").path / "exec.d" / "profile").stat().st_mode & 0o111


def test_no_layer_without_profile_d(tmp_path: Path) -> None:
    """Other apps get no layer for it."""
    assert not _app(tmp_path, "web: serve").build().layers
