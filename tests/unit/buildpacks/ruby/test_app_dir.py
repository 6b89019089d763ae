"""What is done to the app directory besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.ruby_app import GEMFILE, LOCK, RailsApp, RubyApp


def test_programs_of_the_app_can_be_run(tmp_path: Path) -> None:
    """Checkouts on Windows lose the mode; what a link leads to is left alone, and so is a directory."""
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o600)
    app = RubyApp(tmp_path / "app", {"Gemfile": GEMFILE, "Gemfile.lock": LOCK, "bin/rails": "x", "bin/lib/x.rb": "x"})
    (app.app_dir / "bin/rails").chmod(0o640)
    (app.app_dir / "bin/link").symlink_to(outside)

    app.build()

    assert (app.app_dir / "bin/rails").stat().st_mode & 0o777 == 0o751
    assert (app.app_dir / "bin/lib/x.rb").stat().st_mode & 0o111 == 0
    assert outside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("railties", "expected"), [("5.2.8", False), ("6.0.0", True), ("8.0.1", True), ("", False)])
def test_place_for_the_process_file(tmp_path: Path, railties: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Puma of a Rails app from 6 on writes tmp/pids/server.pid, and does not make the directory."""
    app = RailsApp(tmp_path, {"Gemfile.lock": RailsApp.lock(railties)})

    app.build()

    assert (app.app_dir / "tmp/pids").is_dir() is expected
