"""Which Ruby an app is built with."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.ruby.errors import JRubyError, UnsupportedEngineError
from buildpacks.sdk.testing import BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp

WITHOUT_VERSION = LOCK.replace("RUBY VERSION\n   ruby 3.3.8p144\n\n", "")


def test_lock_file_decides(tmp_path: Path) -> None:
    """What Gemfile.lock says is what is used; other files that name a version count for nothing."""
    files = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK, ".ruby-version": "2.7.1\n", ".tool-versions": "ruby 2.7.1\n"}

    output = RubyApp(tmp_path, files).build().output

    assert "- Using Ruby 3.3.8 from the stack (Gemfile.lock)\n" in output
    assert "2.7.1" not in output


def test_without_a_version_the_stack_s_is_used_and_told(tmp_path: Path) -> None:
    """The warning names the version and how to settle it."""
    output = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": WITHOUT_VERSION}).build().output

    assert "names no Ruby version, so the app is built with Ruby 3.3.8, the stack's default" in output
    assert 'ruby "3.3.8"' in output


def test_release_line_of_earlier_builds_is_kept(tmp_path: Path) -> None:
    """When the stack moves to another release line, the app stays where it was, by classic's rules."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": WITHOUT_VERSION}, stack="3.4.2")
    app.layers_dir.joinpath("store.toml").write_text('[metadata.ruby]\nversion = "3.3.7"\n')

    with pytest.raises(BuildFailedError) as failed:  # there is no network in unit tests
        RubyApp.build(_offline(app))

    assert "- Using Ruby 3.3.7 from source (this app's earlier builds)\n" in failed.value.output


def test_patches_of_the_line_come_with_the_stack(tmp_path: Path) -> None:
    """An app that asks for nothing gets the stack's security fixes."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": WITHOUT_VERSION})
    app.layers_dir.joinpath("store.toml").write_text('[metadata.ruby]\nversion = "3.3.1"\n')

    assert "- Using Ruby 3.3.8 from the stack (this app's earlier builds)\n" in app.build().output


def test_by_the_newer_rules_earlier_builds_do_not_count(tmp_path: Path) -> None:
    """OFFRAMP_RUBY_RULES=cnb moves with the default."""
    files = {"Gemfile": GEMFILE, "Gemfile.lock": WITHOUT_VERSION}
    app = RubyApp(tmp_path, files, user_env={"OFFRAMP_RUBY_RULES": "cnb"})
    app.layers_dir.joinpath("store.toml").write_text('[metadata.ruby]\nversion = "3.2.1"\n')

    assert "- Using Ruby 3.3.8 from the stack (the stack's default)\n" in app.build().output


@pytest.mark.parametrize("memory", ['version = "head"', "version = 3", 'other = "3.3.1"'])
def test_a_memory_of_another_form_is_none(tmp_path: Path, memory: str) -> None:
    """What another version of the buildpack remembered is no reason to fail."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": WITHOUT_VERSION}, user_env={"A": "1"})
    app.layers_dir.joinpath("store.toml").write_text(f"[metadata.ruby]\n{memory}\n")

    assert "- Using Ruby 3.3.8 from the stack" in app.build().output


@pytest.mark.parametrize(
    ("engine", "error"), [("jruby 9.4.9.0", JRubyError), ("truffleruby 24.1.0", UnsupportedEngineError)]
)
def test_other_engines_are_named(tmp_path: Path, engine: str, error: type[Exception]) -> None:
    """JRuby and others fail with what can be done, before anything is installed."""
    lock = LOCK.replace("ruby 3.3.8p144", f"ruby 3.1.4p0 ({engine})")
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": lock})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, error)
    assert engine in failed.value.output
    assert app.fakes.commands == []


def _offline(app: RubyApp) -> RubyApp:
    """Name a mirror of Ruby's source that is an empty directory."""
    app.user_env["OFFRAMP_RUBY_SOURCE"] = app.app_dir.parent.as_uri()
    return app
