"""The processes of an app without a Procfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.ruby.family import Family, find_family
from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import Version
from buildpacks.sdk.testing import Built
from tests.support.ruby_app import GEMFILE, LOCK, RailsApp, RubyApp


def commands(built: Built) -> dict[str, str]:
    """Give what bash is told to run, by process."""
    assert all(one.command[:2] == ("bash", "-c") for one in built.result.processes)
    return {one.type: one.command[2] for one in built.result.processes}


def lock(*gems: str) -> str:
    """Give a lock file with these gems."""
    return LOCK.replace("    rack (3.1.8)\n", "".join(f"    {gem}\n" for gem in gems))


@pytest.mark.parametrize(
    ("gems", "expected", "words"),
    [
        ({}, Family(), "Ruby"),
        ({"rack": "3.1.8"}, Family(is_rack=True), "Rack"),
        ({"rails": "7.2.2"}, Family(), "Ruby"),
        ({"railties": "7.2.2"}, Family(rails=Version((7, 2, 2))), "Rails 7.2.2"),
        ({"railties": "8.1.0.alpha", "rack": "3"}, Family(rails=Version((8, 1, 0), "alpha"), is_rack=True), None),
        ({"railties": "8.0.0.rc1"}, Family(rails=Version((8, 0, 0), "rc1")), None),
    ],
)
def test_family(gems: dict[str, str], expected: Family, words: str | None) -> None:
    """Railties make an app a Rails app, not the gem rails, which many have for its parts; pre-releases count."""
    family = find_family(GemfileLock(gems=gems))

    assert family == expected
    assert words in {None, str(family)}


@pytest.mark.parametrize(
    ("version", "numbers", "expected"),
    [((7, 1, 0), (7, 1), True), ((7, 0, 8), (7, 1), False), ((8, 0, 0), (7, 1), True), (None, (3,), False)],
)
def test_family_of_a_version(version: tuple[int, ...] | None, numbers: tuple[int, ...], expected: bool) -> None:  # noqa: FBT001
    """What is no Rails is of no version of it."""
    assert Family(rails=Version(version) if version else None).at_least(*numbers) is expected


def test_plain_ruby_has_two_commands_and_no_web_process(tmp_path: Path) -> None:
    """Nothing tells what it would serve."""
    built = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": lock("redis (5.3.0)")}).build()

    assert commands(built) == {"rake": "exec bundle exec rake", "console": "exec bundle exec irb"}
    assert not any(one.default for one in built.result.processes)


@pytest.mark.parametrize(
    ("gems", "web"),
    [
        (("rack (3.1.8)",), "exec bundle exec rackup config.ru -p ${PORT:-5000}"),
        (
            ("rack (3.1.8)", "thin (1.8.2)"),
            "exec bundle exec thin start -R config.ru -e $RACK_ENV -p ${PORT:-5000}",
        ),
        (("thin (1.8.2)",), None),
        (("rack (3.1.8)", "railties (3.2.22)"), "exec bundle exec rails server -p ${PORT:-5000}"),
        (("rack (3.1.8)", "railties (4.0.13)"), "exec bin/rails server -p ${PORT:-5000} -e $RAILS_ENV"),
        (("rack (3.1.8)", "railties (8.0.1)", "thin (1.8.2)"), "exec bin/rails server -p ${PORT:-5000} -e $RAILS_ENV"),
    ],
)  # fmt: skip
def test_web_process_by_gems(tmp_path: Path, gems: tuple[str, ...], web: str | None) -> None:
    """As Heroku's classic buildpack starts them."""
    built = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": lock(*gems)}).build()

    assert commands(built).get("web") == web


def test_newer_rules_know_the_web_process_only(tmp_path: Path) -> None:
    """It listens on every address, IPv6 included, and says so when PORT is missing."""
    app = RailsApp(tmp_path, tasks="rake jobs:work\n", user_env={"OFFRAMP_RUBY_RULES": "cnb"})

    assert commands(app.build()) == {
        "web": 'exec bin/rails server --binding "[::]" --port "${PORT:?PORT is not set: it says where the web process'
        ' listens}" --environment "$RAILS_ENV"'
    }


def test_profile_of_the_app_comes_first(tmp_path: Path) -> None:
    """As with the Procfile's processes."""
    built = RailsApp(tmp_path, {".profile": "export GREETING=hello\n"}).build()

    assert commands(built)["web"] != "exec bin/rails server -p ${PORT:-5000} -e $RAILS_ENV"
    assert ".profile" in commands(built)["web"]
    assert commands(built)["web"].endswith("exec bin/rails server -p ${PORT:-5000} -e $RAILS_ENV")
