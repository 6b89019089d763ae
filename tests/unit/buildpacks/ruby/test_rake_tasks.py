"""Looking for rake tasks, and the environment rake has in a build."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.family import Family
from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.ruby.rake_environment import rake_environment
from buildpacks.ruby.rake_tasks import parse_tasks
from buildpacks.ruby.secret_key import VARIABLE
from buildpacks.sdk import Version
from buildpacks.sdk.commands import Command
from tests.support.ruby_app import RailsApp

LOOKING = ("bundle", "exec", "rake", "-P", "--trace")
WARNING = "! Warning: 'Rakefile' does not load"


def lookings(app: RailsApp) -> list[Command]:
    """Give the commands that asked rake for its tasks."""
    return [command for command in app.fakes.commands if command.argv == LOOKING]


def make_bundle(gems: dict[str, str], **environment: str) -> Bundle:
    """Give a bundle with these gems."""
    return Bundle(
        lock=GemfileLock(gems=gems), ruby=Version((3, 3, 8)), fingerprint="", environment=environment
    )  # fmt: skip


def test_tasks_are_lines_that_are_not_indented() -> None:
    """What a task needs stands below it, and is no task of that line."""
    lines = ["rake assets:precompile", "    environment", "rake jobs:work", "\trake not:a:task", "Loading …"]

    assert parse_tasks(lines) == {"assets:precompile", "jobs:work"}


@given(st.sets(st.from_regex(r"[a-z_]+(:[a-z_]+)*", fullmatch=True)))
def test_every_task_that_rake_lists_is_found(names: set[str]) -> None:
    """Whatever the names are, and wherever the needs of a task stand."""
    lines = [line for name in sorted(names) for line in (f"rake {name}", "    environment")]

    assert parse_tasks(lines) == names


def test_rake_is_asked_in_production_as_on_heroku(tmp_path: Path) -> None:
    """A Rakefile that wants more in development, where those gems are, loads without them."""
    app = RailsApp(tmp_path)

    app.build()

    (command,) = lookings(app)
    environment = command.environment
    assert (environment["RAILS_ENV"], environment["RACK_ENV"]) == ("production", "production")
    assert environment["DATABASE_URL"] == "postgres://user:pass@127.0.0.1/dbname"
    assert "SECRET_KEY_BASE_DUMMY" in environment
    assert not Path(environment["BOOTSNAP_CACHE_DIR"]).is_relative_to(app.app_dir)


def test_answer_is_kept_while_the_files_that_define_tasks_are_the_same(tmp_path: Path) -> None:
    """Another model does not change which tasks there are."""
    app = RailsApp(tmp_path)
    app.build()
    app.start_afresh()
    app.write({"app/models/shop.rb": "class Shop; NAME = 'x'; end\n"})

    app.build().layer("tasks").assert_restored()

    assert lookings(app) == []


@pytest.mark.parametrize("path", ["Rakefile", "lib/tasks/shop.rake", "config/initializers/shop.rb", "rakelib/a.rake"])
def test_rake_is_asked_again_when_such_a_file_changes(tmp_path: Path, path: str) -> None:
    """Tasks may come from any of them."""
    app = RailsApp(tmp_path)
    app.build()
    app.start_afresh()
    app.write({path: "# changed\n"})

    app.build().layer("tasks").assert_rebuilt(because="the files that define rake tasks changed")

    assert len(lookings(app)) == 1


def test_app_without_rakefile_has_no_tasks(tmp_path: Path) -> None:
    """Rake is not asked."""
    app = RailsApp(tmp_path)
    (app.app_dir / "Rakefile").unlink()

    app.build()

    assert lookings(app) == []


@pytest.mark.parametrize("name", ["rakefile", "Rakefile.rb", "rakefile.rb"])
def test_rakefile_has_four_names(tmp_path: Path, name: str) -> None:
    """Rake knows them all."""
    app = RailsApp(tmp_path, {name: ""})
    (app.app_dir / "Rakefile").unlink()

    app.build()

    assert len(lookings(app)) == 1


def test_app_that_does_not_lock_rake_cannot_run_it(tmp_path: Path) -> None:
    """Bundler would refuse; the log says why no task is run."""
    lock = RailsApp.lock(railties="").replace("    rake (13.2.1)\n", "")
    app = RailsApp(tmp_path, {"Gemfile.lock": lock})

    output = app.build().output

    assert "- Running no rake task: 'Rakefile' is there, and Gemfile.lock has no rake" in output
    assert lookings(app) == []


def test_rakefile_that_did_not_load_is_tried_again(tmp_path: Path) -> None:
    """The next build of the same app warns again, instead of going on without a word."""
    files = {"Gemfile.lock": RailsApp.lock(railties="")}
    app = RailsApp(tmp_path, files, fails={"rake -P": "LoadError: no such file\n"})
    app.build()
    app.start_afresh()

    output = app.build().output

    assert len(lookings(app)) == 1
    assert WARNING in output


@pytest.mark.parametrize(
    "name", ["RAILS_ENV", "RACK_ENV", "RAILS_GROUPS", "DATABASE_URL", "RAILS_LOG_TO_STDOUT", "NODE_OPTIONS"]
)
def test_what_the_user_sets_for_rake_is_kept(name: str) -> None:
    """Stand-ins are for what is not there."""
    family = Family(rails=Version((7, 2)))
    without, with_it = make_bundle({"pg": "1.5.6"}), make_bundle({"pg": "1.5.6"}, **{name: "mine"})

    assert name in rake_environment(without, family, Path("/layers/x"))
    assert name not in rake_environment(with_it, family, Path("/layers/x"))


def test_app_without_rails_is_told_of_no_database() -> None:
    """A Rakefile that looks whether there is one would believe it."""
    environment = rake_environment(make_bundle({"pg": "1.5.6"}), Family(is_rack=True), Path("/layers/x"))

    assert sorted(environment) == ["BOOTSNAP_CACHE_DIR", "NODE_OPTIONS", "RACK_ENV"]


@pytest.mark.parametrize(
    ("rails", "secrets"),
    [
        ((4, 0), set()),
        ((4, 1), {"SECRET_KEY_BASE"}),
        ((7, 0, 8), {"SECRET_KEY_BASE"}),
        ((7, 1), {"SECRET_KEY_BASE_DUMMY"}),
        ((8, 0), {"SECRET_KEY_BASE_DUMMY"}),
    ],
)
def test_secret_of_a_build_is_a_stand_in(rails: tuple[int, ...], secrets: set[str]) -> None:
    """Rails makes one itself since 7.1; older ones are given one that every build has."""
    environment = rake_environment(make_bundle({}), Family(rails=Version(rails)), Path("/layers/x"))

    assert {name for name in environment if name.startswith("SECRET")} == secrets
    assert "DATABASE_URL" not in environment


def test_secret_of_the_user_is_used_in_the_build() -> None:
    """An initializer may need the real one."""
    bundle = make_bundle({}, **{VARIABLE: "mine"})

    environment = rake_environment(bundle, Family(rails=Version((7, 2))), Path("/layers/x"))

    assert not [name for name in environment if name.startswith("SECRET")]


def test_first_driver_of_heroku_s_list_names_the_database() -> None:
    """An app may have SQLite for its tests besides."""
    family = Family(rails=Version((7, 2)))

    environment = rake_environment(make_bundle({"sqlite3": "2.0.4", "pg": "1.5.6"}), family, Path("/layers/x"))

    assert environment["DATABASE_URL"].startswith("postgres:")
