"""The environment of a build's programs: the user's variables as Heroku filters them, and Bundler's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.ruby_app import GEMFILE, LOCK, RubyApp

FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}


def seen_by_bundler(app: RubyApp) -> Mapping[str, str]:
    """Build, and give the environment of ``bundle install``."""
    app.build()
    return next(command.environment for command in app.fakes.commands if command.argv[:2] == ("bundle", "install"))


def test_config_vars_reach_the_programs_of_a_build(tmp_path: Path) -> None:
    """Without the space around them, as on Heroku."""
    seen = seen_by_bundler(RubyApp(tmp_path, FILES, user_env={"API_HOST": " api.example\n"}))

    assert seen["API_HOST"] == "api.example"


@pytest.mark.parametrize(
    "name", ["GEM_HOME", "GIT_DIR", "JAVA_OPTS", "JRUBY_OPTS", "RUBYLIB", "RUBYOPT", "BUNDLE_FROZEN"]
)
def test_variables_that_lead_elsewhere_do_not(tmp_path: Path, name: str) -> None:
    """They would be those of another machine."""
    assert name not in seen_by_bundler(RubyApp(tmp_path, FILES, user_env={name: "elsewhere"}))


@pytest.mark.parametrize(
    "name", ["BUNDLE_PATH", "BUNDLE_BIN", "BUNDLE_GEMFILE", "BUNDLE_DEPLOYMENT", "GEM_PATH", "PATH"]
)
def test_variables_that_the_build_sets_are_its_own(tmp_path: Path, name: str) -> None:
    """Gems go where the app looks for them."""
    seen = seen_by_bundler(RubyApp(tmp_path, FILES, user_env={name: "elsewhere"}))

    assert "elsewhere" not in seen[name]


def test_bundler_s_settings_are_heroku_s(tmp_path: Path) -> None:
    """The gems of the lock file, in vendor/bundle, without those of development and test."""
    app = RubyApp(tmp_path, FILES)

    seen = seen_by_bundler(app)

    expected = {
        "BUNDLE_BIN": "vendor/bundle/bin",
        "BUNDLE_DEPLOYMENT": "1",
        "BUNDLE_DISABLE_VERSION_CHECK": "true",
        "BUNDLE_GEMFILE": f"{app.app_dir}/Gemfile",
        "BUNDLE_PATH": "vendor/bundle",
        "BUNDLE_WITHOUT": "development:test",
        "NOKOGIRI_USE_SYSTEM_LIBRARIES": "true",
    }
    assert {name: seen.get(name) for name in expected} == expected


def test_programs_of_the_app_are_found_before_others(tmp_path: Path) -> None:
    """Its own bin, those of its gems, Ruby's, then the system's."""
    app = RubyApp(tmp_path, FILES)

    path = seen_by_bundler(app)["PATH"].split(":")

    own = [f"{app.app_dir}/{name}" for name in ("bin", "vendor/bundle/bin", "vendor/bundle/ruby/3.3.0/bin")]
    assert path[:3] == own
    assert path.index(f"{app.layers_dir}/ruby/bin") < path.index("/usr/bin")


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_list_of_groups_is_the_default(tmp_path: Path, value: str) -> None:
    """A variable without a value says nothing."""
    seen = seen_by_bundler(RubyApp(tmp_path, FILES, user_env={"BUNDLE_WITHOUT": value}))

    assert seen["BUNDLE_WITHOUT"] == "development:test"


def test_what_bundler_keeps_of_its_own_is_forgotten(tmp_path: Path) -> None:
    """Neither the app nor a layer has its caches."""
    app = RubyApp(tmp_path, FILES)

    seen = seen_by_bundler(app)

    for name in ("BUNDLE_USER_HOME", "GEM_SPEC_CACHE"):
        assert not Path(seen[name]).is_relative_to(app.app_dir)
        assert not Path(seen[name]).is_relative_to(app.layers_dir)
