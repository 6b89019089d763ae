"""What holds of Debian packages (docs/reference/heroku-parity.md); end_to_end/test_apt_repositories has real apt."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.apt import errors
from buildpacks.sdk.testing import BuildFailedError
from tests.unit.buildpacks.apt.archive import AptApp


def test_statement_63_depends_closure(tmp_path: Path) -> None:
    """What a package depends on is installed with it; what it only recommends is not asked for."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    layer = app.build().layer("packages").path

    assert (layer / "usr/lib/x86_64-linux-gnu/libjq.so.1.0").exists()
    assert all("--no-install-recommends" in argv for argv in app.apt.ran("install"))


def test_statement_63_already_installed_is_skipped(tmp_path: Path) -> None:
    """What the run image has is not installed again, and not upgraded for another package's sake unless it must."""
    app = AptApp(tmp_path, {"Aptfile": "curl\njq"})
    built = app.build()

    assert "The run image has curl already" in built.output
    assert not (built.layer("packages").path / "usr/bin/curl").exists()
    assert all("--no-upgrade" in argv for argv in app.apt.ran("install"))


def test_statement_63_one_provider_is_chosen(tmp_path: Path) -> None:
    """A virtual package with one provider stands for it; with several, they are listed."""
    app = AptApp(tmp_path, {"Aptfile": "postfix-only"})
    assert "postfix 1.0-1" in app.build().output

    app.write({"Aptfile": "mail-transport-agent"})
    with pytest.raises(BuildFailedError, match="exim4\n  postfix\n"):
        app.build()


def test_statement_63_bad_signature_is_fatal(tmp_path: Path) -> None:
    """A repository that apt does not trust ends the build; nothing of it is unpacked."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.apt.broken["update"] = "E: The repository 'http://deb.test trixie InRelease' is not signed."
    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.RepositoryNotTrustedError)
    assert app.apt.ran("install") == []


def test_statement_63_checksum_failure_is_fatal(tmp_path: Path) -> None:
    """A package that is not what the signed list says ends the build before it is opened."""
    app = AptApp(tmp_path, {"Aptfile": "jq"})
    app.apt.damaged = True
    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.DamagedPackageError)
    assert app.apt.ran("--extract") == []


def test_statement_63_aptfile_is_installed_as_it_is(tmp_path: Path) -> None:
    """An Aptfile needs no migration: it is read next to Heroku's newer table."""
    table = '[com.heroku.buildpacks.deb-packages]\ninstall = ["figlet"]\n'
    built = AptApp(tmp_path, {"Aptfile": "jq", "project.toml": table}).build()

    assert "Packages jq, figlet (Aptfile and project.toml)" in built.output
