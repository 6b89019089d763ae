"""A Ruby app for unit tests: the buildpack with a small stack's Ruby and fake programs."""

from __future__ import annotations

import json
import secrets
import shutil
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


_RAILS_LOCK = LOCK.replace(
    "    rack (3.1.8)\n",
    "    bootsnap (1.18.4)\n    pg (1.5.6)\n    puma (7.1.0)\n    rack (3.1.8)\n    railties (7.2.2)\n"
    "    rake (13.2.1)\n    sprockets (4.2.1)\n",
)
_RAILS = {
    "Gemfile": GEMFILE,
    "Gemfile.lock": _RAILS_LOCK,
    "Procfile": "web: bin/rails server",
    "Rakefile": "require_relative 'config/application'\nRails.application.load_tasks\n",
    "app/models/shop.rb": "class Shop; end\n",
    "config/application.rb": "",
    "lib/words.rb": "",
}
_TASKS = "rake assets:clean\n    environment\nrake assets:precompile\n    environment\nrake assets:precompile_all\n"


class RailsApp(RubyApp):
    """A small Rails app; rake and Bootsnap are fakes that write what the real ones write, as far as it matters."""

    def __init__(
        self,
        directory: Path,
        files: Mapping[str, str | bytes] | None = None,
        *,
        fails: Mapping[str, str] | None = None,
        makes_assets: bool = True,
        tasks: str = _TASKS,
        user_env: Mapping[str, str] | None = None,
    ) -> None:
        """Lay out the app; ``fails`` maps the beginning of a command to what it says when it fails."""
        self.seen_by_rake: set[str] = set()
        self.rake_environment: Mapping[str, str] = {}
        self._fails = fails or {}
        self._makes_assets = makes_assets
        self._tasks = tasks
        self._first = {**_RAILS, **(files or {})}
        super().__init__(directory, self._first, user_env=user_env)

    @staticmethod
    def lock(railties: str) -> str:
        """Give the lock file with another version of railties, or without it."""
        return _RAILS_LOCK.replace("    railties (7.2.2)\n", f"    railties ({railties})\n" if railties else "")

    @property
    def exec_lines(self) -> list[str]:
        """Give what ran through ``bundle exec``."""
        return [line.removeprefix("bundle exec ") for line in self.fakes.lines if line.startswith("bundle exec")]

    def products(self) -> dict[str, bytes]:
        """Give the files that were compiled, by their paths in the app."""
        found = (path for name in ("public", "tmp") for path in (self.app_dir / name).rglob("*") if path.is_file())
        return {str(path.relative_to(self.app_dir)): path.read_bytes() for path in found}

    def start_afresh(self) -> None:
        """Lay out the source anew, as each build finds it, and forget the commands so far."""
        shutil.rmtree(self.app_dir)
        self.app_dir.mkdir()
        self.write(self._first)
        self.fakes.commands.clear()

    def _bundle(self, command: Command) -> tuple[int, str]:
        if command.argv[1] != "exec":
            return super()._bundle(command)
        line = " ".join(command.argv[2:])
        for beginning, words in self._fails.items():
            if line.startswith(beginning):
                return 1, words
        if line == "rake -P --trace":
            return 0, self._tasks
        if line.startswith("rake"):
            self._precompile(command)
        if line.startswith("bootsnap"):
            cache = Path(command.environment["BOOTSNAP_CACHE_DIR"]) / "bootsnap/compile-cache-iseq/00"
            cache.mkdir(parents=True)
            (cache / "11").write_text("compiled")
        return 0, ""

    def _precompile(self, command: Command) -> None:
        app = command.working_dir
        self.rake_environment = command.environment
        self.seen_by_rake = {str(path.relative_to(app)) for path in app.rglob("*") if path.is_file()}
        if not self._makes_assets:
            return
        assets, cache = app / "public/assets", app / "tmp/cache/assets/sprockets"
        assets.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "entry").write_text("cached")
        (assets / "application-1.css").write_text("a{}")
        time = int((app / "app/models/shop.rb").stat().st_mtime)
        if not list(assets.glob(".sprockets-manifest-*")):
            name = f".sprockets-manifest-{secrets.token_hex(16)}.json"
            (assets / name).write_text(json.dumps({"files": {"application-1.css": {"mtime": time}}, "assets": {}}))
        (app / "log").mkdir(exist_ok=True)
        (app / "log/production.log").write_text(str(time))
