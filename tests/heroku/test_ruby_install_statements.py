"""Heroku's statements about Ruby, up to where the gems are installed: versions, lock files, Bundler, caches."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from buildpacks.ruby import errors
from buildpacks.ruby.gemfile_lock import parse_gemfile_lock
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp, make_stack_ruby

FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}
WITHOUT_VERSION = {**FILES, "Gemfile.lock": LOCK.replace("RUBY VERSION\n   ruby 3.3.8p144\n\n", "")}


def test_statement_18_gemfile_without_lock_is_an_error_of_its_own(tmp_path: Path) -> None:
    """The error says that the lock file is missing and how it is made; nothing is installed."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.NoLockError)
    assert "Run 'bundle install' and commit Gemfile.lock." in failed.value.output
    assert app.fakes.commands == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("   ruby 3.3.8p144", "3.3.8"),
        ("  ruby 3.3.8\r", "3.3.8"),
        ("   ruby 3.4.0.rc1", "3.4.0.rc1"),
        ("   ruby 3.4.0-preview2", "3.4.0.preview2"),
        ("   ruby 2.5.7p001 (jruby 9.2.13.0)", "jruby 9.2.13.0 (Ruby 2.5.7)"),
        ("ruby 3.3.8", "None"),
    ],
)
def test_statement_19_every_form_of_the_ruby_version_is_read(line: str, expected: str) -> None:
    """CRLF, two and three spaces, JRuby, pre-releases; patch levels are ignored; no indent is as good as absent."""
    assert str(parse_gemfile_lock(f"RUBY VERSION\n{line}\n").ruby) == expected


def test_statement_20_without_a_version_the_default_is_named_in_a_warning(tmp_path: Path) -> None:
    """The warning names the version that is used."""
    output = RubyApp(tmp_path, WITHOUT_VERSION).build().output

    assert "! Warning: Gemfile.lock names no Ruby version, so the app is built with Ruby 3.3.8" in output


def test_statement_20_the_release_line_is_sticky(tmp_path: Path) -> None:
    """The next build remembers what the app was built with."""
    app = RubyApp(tmp_path, WITHOUT_VERSION)

    built = app.build()

    assert built.result.store == {"ruby": {"version": "3.3.8"}}
    assert "this app's earlier builds" in app.build().output


def test_statement_20_by_the_newer_rules_it_is_not(tmp_path: Path) -> None:
    """OFFRAMP_RUBY_RULES=cnb follows the default."""
    app = RubyApp(tmp_path, WITHOUT_VERSION, user_env={"OFFRAMP_RUBY_RULES": "cnb"})
    app.build()

    assert "the stack's default" in app.build().output


def test_statement_21_bundler_is_the_one_of_the_lock_file(tmp_path: Path) -> None:
    """Another version than the one that comes with Ruby is asked for, exactly."""
    lock = LOCK.replace("2.5.22", "2.6.7")
    source = tmp_path / "source"
    (source / "info").mkdir(parents=True)
    (source / "info/bundler").write_text("---\n2.6.8 |checksum:00\n")
    app = RubyApp(tmp_path, {**FILES, "Gemfile.lock": lock}, user_env={"BUNDLE_MIRROR__ALL": source.as_uri()})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert "- Using Bundler 2.6.7 (Gemfile.lock)\n" in failed.value.output
    assert isinstance(failed.value.error, errors.BundlerDoesNotExistError)


@pytest.mark.parametrize(
    ("setting", "expected", "warns"),
    [("", "development:test", False), ("staging", "staging", False), ("development  test staging", "", True)],
)
def test_statement_22_groups_left_out(tmp_path: Path, setting: str, expected: str, warns: bool) -> None:  # noqa: FBT001
    """Development and test by default; the user's groups win; spaces become colons, with a warning."""
    app = RubyApp(tmp_path, FILES, user_env={"BUNDLE_WITHOUT": setting} if setting else {})

    output = app.build().output

    install = next(command for command in app.fakes.commands if command.argv[:2] == ("bundle", "install"))
    assert install.environment["BUNDLE_WITHOUT"] == (expected or "development:test:staging")
    assert ("BUNDLE_WITHOUT has spaces" in output) is warns


def test_statement_34_gems_are_dropped_when_ruby_changes_and_the_reason_is_told(tmp_path: Path) -> None:
    """Gems compiled for another Ruby are of no use."""
    app = RubyApp(tmp_path, WITHOUT_VERSION)
    app.build()
    assert app.stack is not None
    app.stack = make_stack_ruby(tmp_path / "usr-later", "3.3.9")

    output = app.build().output

    assert "- Discarding cached gems since:\n  - Ruby version changed from 3.3.8 from the stack" in output


def test_statement_34_gems_are_dropped_when_the_distribution_changes(tmp_path: Path) -> None:
    """So are those that were compiled for another distribution or processor."""
    app = RubyApp(tmp_path, FILES)
    app.build()
    app.target = dataclasses.replace(app.target, arch="arm64")

    output = app.build().output

    assert "- Discarding cached gems since:\n  - target changed from linux/amd64 debian 13 to linux/arm64" in output


def test_statement_36_committed_gems_are_removed_with_a_warning(tmp_path: Path) -> None:
    """Gems in the source were installed for another machine."""
    app = RubyApp(tmp_path, {**FILES, "vendor/bundle/ruby/3.3.0/gems/rack-1.0/old.rb": ""})

    output = app.build().output

    assert "! Warning: Removing 'vendor/bundle' from the build: installed gems are in the app's source" in output
    assert not list(app.app_dir.glob("vendor/bundle/ruby/*/gems/rack-1.0"))
