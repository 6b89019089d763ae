"""Work directories: made, locked, removed, and cleaned up after the dead."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from builder.build.workspace import open_work_directory, open_workspace, remove_abandoned


def test_directories_are_there_and_go_again(tmp_path: Path) -> None:
    """A workspace has its four directories while it is open, and nothing is left afterwards."""
    with open_workspace(tmp_path, None) as workspace:
        made = {path.name for path in workspace.root.iterdir() if path.is_dir()}

    assert {"app", "layers", "platform", "tmp"} == made
    assert [] == list(tmp_path.iterdir())


def test_variables_are_closed_to_others(tmp_path: Path) -> None:
    """Only the owner looks into the work directory and its platform directory: secrets are in there."""
    with open_workspace(tmp_path, None) as workspace:
        assert 0o700 == workspace.root.stat().st_mode & 0o777
        assert 0o700 == workspace.platform.stat().st_mode & 0o777


def test_read_only_directories_are_removed(tmp_path: Path) -> None:
    """Buildpacks may leave directories without write permission, as Go's module cache is."""
    with open_workspace(tmp_path, None) as workspace:
        closed = workspace.layers / "closed"
        closed.mkdir()
        (closed / "file").touch()
        closed.chmod(0o500)

    assert [] == list(tmp_path.iterdir())


def test_living_directories_are_kept(tmp_path: Path) -> None:
    """Cleaning up leaves alone what another build still uses."""
    with open_work_directory(tmp_path, None) as first, open_work_directory(tmp_path, None) as second:
        remove_abandoned(tmp_path)

        assert {first, second} == set(tmp_path.iterdir())


def test_killed_process_s_directory_goes_with_the_next(tmp_path: Path) -> None:
    """Who is killed leaves a directory; whoever comes next removes it."""
    script = f"""
        import pathlib, time
        from builder.build.workspace import open_work_directory
        with open_work_directory(pathlib.Path({str(tmp_path)!r}), None):
            print("open", flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]
    ) as process:
        assert process.stdout is not None
        assert b"open\n" == process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert 1 == len(list(tmp_path.iterdir()))
    with open_work_directory(tmp_path, None) as root:
        assert [root] == list(tmp_path.iterdir())
