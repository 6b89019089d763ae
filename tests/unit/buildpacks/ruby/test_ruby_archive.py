"""Ruby from an archive somebody compiled."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from buildpacks.ruby.errors import (
    InvalidArchiveSettingError,
    RubyArchiveError,
    RubyArchiveSumError,
    UnverifiableRubyError,
)
from buildpacks.ruby.ruby_archive import archive_url
from buildpacks.sdk import Version
from buildpacks.sdk.testing import DEBIAN_13, BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp


def test_address() -> None:
    """Version, processor and distribution are filled in; the dot of a pre-release stays, as in lock files."""
    settings = {"OFFRAMP_RUBY_ARCHIVE": "https://m.example/{distro}-{distro_version}/{arch}/ruby-{version}.tgz"}

    url = archive_url(settings, Version((3, 4, 0), "rc1"), DEBIAN_13)

    assert url == "https://m.example/debian-13/amd64/ruby-3.4.0.rc1.tgz"
    assert not archive_url({}, Version((3, 4, 0)), DEBIAN_13)


@pytest.mark.parametrize("template", ["https://m.example/{platform}", "https://m.example/{", "x{version.pre}", "{0}"])
def test_address_with_an_unknown_place(template: str) -> None:
    """A place that nothing fills in is an error that lists those there are."""
    with pytest.raises(InvalidArchiveSettingError) as failed:
        archive_url({"OFFRAMP_RUBY_ARCHIVE": template}, Version((3, 4, 0)), DEBIAN_13)

    assert "{version}, {arch}, {distro}, {distro_version}" in failed.value.explain().why


@pytest.mark.parametrize("top", ["", "ruby-3.4.1/"])
def test_archive_is_installed(tmp_path: Path, top: str) -> None:
    """What lies at the top level, or in the one directory there, becomes the layer."""
    built = _app(tmp_path, _archive(f"{top}bin/ruby", f"{top}lib/libruby.so")).build()

    assert "- Using Ruby 3.4.1 from an archive (Gemfile.lock)\n" in built.output
    layer = built.layer("ruby").path
    assert sorted(str(path.relative_to(layer)) for path in layer.rglob("*") if path.is_file()) == [
        "bin/ruby",
        "lib/libruby.so",
    ]


def test_archive_without_its_checksum(tmp_path: Path) -> None:
    """Nothing is downloaded that could not be verified."""
    app = _app(tmp_path, _archive("bin/ruby"))
    del app.user_env["OFFRAMP_RUBY_ARCHIVE_SHA256"]

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, UnverifiableRubyError)


def test_another_archive(tmp_path: Path) -> None:
    """An archive with another checksum is not unpacked."""
    app = _app(tmp_path, _archive("bin/ruby"))
    app.user_env["OFFRAMP_RUBY_ARCHIVE_SHA256"] = "0" * 64

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, RubyArchiveSumError)
    assert not list((app.layers_dir / "ruby").iterdir())


def test_archive_without_ruby(tmp_path: Path) -> None:
    """An archive of something else is named."""
    with pytest.raises(BuildFailedError) as failed:
        _app(tmp_path, _archive("bin/python")).build()

    assert isinstance(failed.value.error, RubyArchiveError)


def _app(tmp_path: Path, archive: bytes) -> RubyApp:
    file = tmp_path / "ruby-3.4.1.tgz"
    file.write_bytes(archive)
    settings = {
        "OFFRAMP_RUBY_ARCHIVE": f"{tmp_path.as_uri()}/ruby-{{version}}.tgz",
        "OFFRAMP_RUBY_ARCHIVE_SHA256": hashlib.sha256(archive).hexdigest(),
    }
    lock = LOCK.replace("3.3.8p144", "3.4.1")
    return RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": lock}, user_env=settings)


def _archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return buffer.getvalue()
