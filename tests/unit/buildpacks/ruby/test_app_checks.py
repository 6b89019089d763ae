"""What is said about an app's files and gems before anything is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.ruby import app_errors
from buildpacks.ruby.app_checks import compiles_at_run_time
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import RailsApp

PRODUCTION = "config/environments/production.rb"
COMPILES = "Rails.application.configure do\n  config.assets.compile = true\nend\n"


def with_gem(line: str, *, instead_of: str = "") -> str:
    """Give the lock file with another gem, or with a gem in another version."""
    lock = RailsApp.lock(railties="7.2.2")
    old = f"    {instead_of}\n" if instead_of else "    railties (7.2.2)\n"
    assert old in lock
    return lock.replace(old, f"    {line}\n" if instead_of else f"    {line}\n{old}")


def warnings_of(output: str) -> list[str]:
    """Give the first lines of the warnings about the app; those about Ruby itself are left out."""
    lines = [line.removeprefix("! Warning: ") for line in output.splitlines() if line.startswith("! Warning: ")]
    return [line for line in lines if not line.startswith("A patch update")]


def test_app_in_order_is_not_warned(tmp_path: Path) -> None:
    """No check complains without a reason."""
    assert warnings_of(RailsApp(tmp_path).build().output) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (PRODUCTION, COMPILES, f"{PRODUCTION} compiles assets at run time, which makes first requests slow"),
        (
            PRODUCTION,
            "  config.action_dispatch.x_sendfile_header = 'X-Accel-Redirect' # for NGINX\n",
            f"{PRODUCTION} leaves sending files to a server in front (X-Accel-Redirect)",
        ),
        (
            ".bundle/config",
            "---\n",
            "'.bundle/config' is in the app's source, and decides how gems are installed",
        ),
        (
            "bin/rake",
            "#!/usr/bin/env ruby2.5\n",
            "'bin/rake' asks for the program 'ruby2.5', which is not there",
        ),
        (
            "bin/rails",
            "#!/usr/bin/env ruby.exe\r\n",
            "'bin/rails' asks for the program 'ruby.exe', which is not there",
        ),
    ],
)  # fmt: skip
def test_file_that_will_hurt(tmp_path: Path, path: str, text: str, expected: str) -> None:
    """Each is a warning of its own, and the build goes on."""
    assert warnings_of(RailsApp(tmp_path, {path: text}).build().output) == [expected]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (PRODUCTION, "  # config.assets.compile = true\n  config.assets.compile = false\n"),
        (PRODUCTION, '  # config.action_dispatch.x_sendfile_header = "X-Sendfile" # for Apache\n'),
        (PRODUCTION, "  config.active_storage.service = :local\n"),  # without the gem, that is
        ("bin/rails", "#!/usr/bin/env ruby\n"),
        ("bin/logo", b"\x89PNG\xff\xfe"),
    ],
)
def test_file_that_does_not_hurt(tmp_path: Path, path: str, text: str | bytes) -> None:
    """Comments, other values and other files are left alone."""
    assert warnings_of(RailsApp(tmp_path, {path: text}).build().output) == []


@pytest.mark.parametrize(("service", "warns"), [(":local", True), ('"local"', True), (":amazon", False)])
def test_uploads_that_end_with_the_container(tmp_path: Path, service: str, warns: bool) -> None:  # noqa: FBT001
    """Active Storage's service 'local', which new apps have, is for one machine."""
    files = {
        PRODUCTION: f"  config.active_storage.service = {service}\n",
        "Gemfile.lock": with_gem("activestorage (7.2.2)"),
    }

    assert len(warnings_of(RailsApp(tmp_path, files).build().output)) == warns


def test_sqlite_alone_is_a_warning(tmp_path: Path) -> None:
    """What a container writes is lost; beside a driver of a server it is a tool of development."""
    alone = RailsApp(tmp_path / "alone", {"Gemfile.lock": with_gem("sqlite3 (2.0.4)", instead_of="pg (1.5.6)")})
    beside = RailsApp(tmp_path / "beside", {"Gemfile.lock": with_gem("sqlite3 (2.0.4)")})

    (warning,) = warnings_of(alone.build().output)
    assert warning.startswith("SQLite is the app's only database")
    assert warnings_of(beside.build().output) == []


def test_asset_sync_is_a_warning(tmp_path: Path) -> None:
    """It uploads while the build may still fail."""
    app = RailsApp(tmp_path, {"Gemfile.lock": with_gem("asset_sync (2.19.1)")})

    assert warnings_of(app.build().output) == ["The gem asset_sync uploads assets while they are compiled"]


def test_missing_procfile_is_a_warning(tmp_path: Path) -> None:
    """The default web process is there all the same."""
    app = RailsApp(tmp_path)
    (app.app_dir / "Procfile").unlink()

    assert warnings_of(app.build().output) == ["There is no Procfile, so the default web process is used"]


@pytest.mark.parametrize(
    ("version", "vulnerable"),
    [
        ("2.2.3", True),
        ("2.12.4", True),
        ("2.12.5", False),
        ("3.7.1", True),
        ("3.7.2", False),
        ("4.0.0.beta7", True),
        ("4.0.0.beta8", False),
        ("4.0.0.rc1", False),
        ("4.2.1", False),
    ],
)
def test_sprockets_that_serves_any_file(tmp_path: Path, version: str, vulnerable: bool) -> None:  # noqa: FBT001
    """CVE-2018-3760, in the versions that have it, where assets are compiled at run time."""
    lock = with_gem(f"sprockets ({version})", instead_of="sprockets (4.2.1)")
    RailsApp(tmp_path / "safe", {"Gemfile.lock": lock}).build()
    app = RailsApp(tmp_path / "open", {"Gemfile.lock": lock, PRODUCTION: COMPILES})

    if not vulnerable:
        app.build()
        return
    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, app_errors.VulnerableSprocketsError)
    assert f"{PRODUCTION}, line 2," in failed.value.output
    assert app.fakes.commands == []


@pytest.mark.parametrize(
    ("text", "line"),
    [(COMPILES, 2), ("config.assets.compile=true", 1), ("", 0), ("\n\nconfig.assets.compile = truely\n", 0)],
)
def test_line_that_compiles_at_run_time(tmp_path: Path, text: str, line: int) -> None:
    """The first that says so; 0 when none does."""
    (tmp_path / PRODUCTION).parent.mkdir(parents=True)
    (tmp_path / PRODUCTION).write_text(text)

    assert compiles_at_run_time(tmp_path) == line
