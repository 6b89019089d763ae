"""Ruby from its source: finding a release, verifying it, compiling it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from buildpacks.ruby.errors import CompileRubyError, RubyDoesNotExistError, RubySourceSumError
from buildpacks.ruby.ruby_source import find_release, releases_in
from buildpacks.sdk import Version
from buildpacks.sdk.commands import Command
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp

INDEX = """\
name\turl\tsha1\tsha256\tsha512
ruby-3.4.1\thttps://ruby.example/3.4/ruby-3.4.1.tar.gz\t11\taa\tff
ruby-3.4.1\thttps://ruby.example/3.4/ruby-3.4.1.tar.xz\t22\tbb\tff
ruby-3.4.0-rc1\thttps://ruby.example/3.4/ruby-3.4.0-rc1.tar.gz\t33\tcc\tff
"""


def test_find_release() -> None:
    """A release is found by the name of its archive, a pre-release by the dash its name has."""
    lines = INDEX.splitlines()

    assert find_release(lines, Version((3, 4, 1))) == ("https://ruby.example/3.4/ruby-3.4.1.tar.gz", "aa")
    assert find_release(lines, Version((3, 4, 0), "rc1")) == ("https://ruby.example/3.4/ruby-3.4.0-rc1.tar.gz", "cc")
    assert find_release(lines, Version((3, 4, 2))) is None
    assert releases_in(lines) == (Version((3, 4, 1)),)


def test_unknown_release(tmp_path: Path) -> None:
    """A version nobody released fails with the nearest ones, before anything is downloaded."""
    app = _app(tmp_path, version="3.4.9")

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, RubyDoesNotExistError)
    assert "The nearest are: 3.4.1." in failed.value.output


def test_another_file_is_not_unpacked(tmp_path: Path) -> None:
    """A source with another checksum than the list's is not unpacked, and no program of it is run."""
    app = _app(tmp_path)
    (tmp_path / "mirror/3.4/ruby-3.4.1.tar.gz").write_bytes(_source("other"))

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, RubySourceSumError)
    assert not [line for line in app.fakes.lines if "configure" in line or line.startswith("make")]


def test_compiling(tmp_path: Path) -> None:
    """It is configured for the layer and without debugging information, and nothing of the source stays."""
    app = _app(tmp_path)

    layer = app.build().layer("ruby")

    configure, make, install = app.fakes.lines[:3]
    assert configure.startswith(f"{app.layers_dir}/ruby-source/ruby/configure --prefix={layer.path} --enable-shared")
    assert "debugflags=-g0" in configure
    assert make.startswith("make -j")
    assert install == "make install-nodoc"
    assert not (app.layers_dir / "ruby-source").exists()


def test_does_not_compile(tmp_path: Path) -> None:
    """The step that failed and the compiler's last lines are the error; the layer is not kept."""

    def make(_command: Command) -> tuple[int, str]:
        return 2, "openssl.c:1: error: unknown type name\nmake: *** Error 1\n"

    app = _app(tmp_path, make=make)

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, CompileRubyError)
    assert "Ruby 3.4.1 does not compile: 'make' failed" in failed.value.output
    assert "unknown type name" in failed.value.output


def _app(tmp_path: Path, version: str = "3.4.1", **answers: object) -> RubyApp:
    mirror = tmp_path / "mirror"
    (mirror / "3.4").mkdir(parents=True)
    data = _source("ruby")
    (mirror / "3.4/ruby-3.4.1.tar.gz").write_bytes(data)
    (mirror / "index.txt").write_text(INDEX.replace("\taa\t", f"\t{hashlib.sha256(data).hexdigest()}\t"))
    lock = LOCK.replace("3.3.8p144", version)
    return RubyApp(
        tmp_path,
        {"Gemfile": GEMFILE, "Gemfile.lock": lock},
        answers=dict(answers),  # type: ignore[arg-type]
        user_env={"OFFRAMP_RUBY_SOURCE": mirror.as_uri()},
    )


def _source(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("ruby-3.4.1/configure")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()
