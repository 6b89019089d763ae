"""A Ruby app for unit tests: the buildpack with a small stack's Ruby and fake programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from buildpacks.ruby.buildpack import RubyBuildpack
from buildpacks.ruby.stack_ruby import StackRuby, describe_ruby
from buildpacks.sdk.commands import Command
from buildpacks.sdk.testing import Answer, AppUnderTest, FakePrograms

VERSION, BUNDLER = "3.3.8", "2.5.22"
TODAY = date(2026, 6, 1)
LOCK = """\
GEM
  remote: https://rubygems.org/
  specs:
    rack (3.1.8)

PLATFORMS
  ruby

DEPENDENCIES
  rack

RUBY VERSION
   ruby 3.3.8p144

BUNDLED WITH
   2.5.22
"""
GEMFILE = 'source "https://rubygems.org"\ngem "rack"\n'


def make_stack_ruby(prefix: Path, version: str = VERSION) -> StackRuby:
    """Lay out a Ruby as Debian does, as small as can be."""
    abi = "{}.{}.0".format(*version.split(".")[:2])
    line = abi.removesuffix(".0")
    library, arch = prefix / "lib/ruby" / abi, prefix / "lib/multi/ruby" / abi
    site = "/usr/local/lib/site_ruby"
    listed = (
        f"{site}/{abi}",
        site,
        prefix / "lib/ruby/vendor_ruby",
        *([prefix / "lib/ruby/another_one"] * 3),
        library,
        arch,
    )
    files = {
        f"bin/ruby{line}": b"\x7fELF",
        f"bin/gem{line}": b"#!/usr/bin/ruby3.3\nputs 1\n",
        f"lib/multi/libruby-{line}.so.{version}": (
            b"\x7fELF..\0" + b"".join(b"%s\0" % str(path).encode() for path in listed) + b"\0/usr\0rest"
        ),
        f"lib/ruby/{abi}/json.rb": b"",
        f"lib/multi/ruby/{abi}/rbconfig.rb": b"",
        f"lib/ruby/gems/{abi}/specifications/default/bundler-{BUNDLER}.gemspec": b"",
        f"lib/ruby/gems/{abi}/doc/big.ri": b"",
        f"include/ruby-{abi}/ruby.h": b"",
        f"include/multi/ruby-{abi}/ruby/config.h": b"",
    }
    for path, contents in files.items():
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_bytes(contents)
    answers = (
        version, prefix, prefix / "bin", f"ruby{line}", library, arch, prefix / "lib/ruby", abi,
        prefix / "lib/multi", f"libruby-{line}.so.{version}", prefix / f"include/ruby-{abi}",
        prefix / f"include/multi/ruby-{abi}", site,
    )  # fmt: skip
    described = describe_ruby(tuple(map(str, answers)))
    assert described is not None
    return described


class RubyApp(AppUnderTest):
    """The buildpack on an app, with Ruby in the stack unless ``stack`` is empty."""

    def __init__(
        self,
        directory: Path,
        files: Mapping[str, str | bytes] | Path,
        *,
        stack: str = VERSION,
        answers: Mapping[str, Answer] | None = None,
        user_env: Mapping[str, str] | None = None,
    ) -> None:
        """Lay out the app and the stack's Ruby below ``directory``."""
        self.stack = make_stack_ruby(directory / "usr", stack) if stack else None
        self.fakes = FakePrograms({"ruby": self._ruby, "bundle": self._bundle, **(answers or {})})
        buildpack = RubyBuildpack(find_ruby=lambda _context: self.stack, today=lambda: TODAY)
        super().__init__(buildpack, directory, files, programs=self.fakes, user_env=user_env)

    def _ruby(self, _command: Command) -> tuple[int, str]:
        return 0, f"3.3.0\n{BUNDLER}\n"

    def _bundle(self, command: Command) -> tuple[int, str]:
        """Install a gem where Bundler would."""
        if command.argv[1:2] == ("install",):
            gems = command.working_dir / command.environment["BUNDLE_PATH"] / "ruby" / "3.3.0"
            (gems / "cache").mkdir(parents=True, exist_ok=True)
            (gems / "specifications").mkdir(exist_ok=True)
            (gems / "specifications" / "rack-3.1.8.gemspec").touch()
        return 0, ""
