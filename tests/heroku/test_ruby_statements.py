"""Heroku's statements about Ruby, from where the gems are installed: environment, assets, processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.ruby import app_errors
from buildpacks.ruby.database_url import dummy_database_url
from buildpacks.ruby.gemfile_lock import GemfileLock
from buildpacks.sdk import Require, Scope
from buildpacks.sdk.buildpack import Passed
from buildpacks.sdk.testing import BuildFailedError, Built
from tests.support.ruby_app import GEMFILE, LOCK, RailsApp, RubyApp

FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}
OF_RUBY = {
    "BUNDLE_BIN": "vendor/bundle/bin",
    "BUNDLE_DEPLOYMENT": "1",
    "BUNDLE_GEMFILE": "$HOME/Gemfile",
    "BUNDLE_PATH": "vendor/bundle",
    "BUNDLE_WITHOUT": "development:test",
    "DISABLE_SPRING": "1",
    "GEM_PATH": "$HOME/vendor/bundle/ruby/3.3.0",
    "LANG": "en_US.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "PATH": "$HOME/bin:$HOME/vendor/bundle/bin:$HOME/vendor/bundle/ruby/3.3.0/bin",
    "PUMA_PERSISTENT_TIMEOUT": "95",
}
OF_RAILS = {
    "RACK_ENV": "production",
    "RAILS_ENV": "production",
    "RAILS_LOG_TO_STDOUT": "enabled",
    "RAILS_SERVE_STATIC_FILES": "enabled",
}


def launch_env(app: RubyApp, built: Built, **user: str) -> dict[str, str]:
    """Give the environment of the running app, where the user set some variables; HOME is written as Heroku does."""
    env = built.layer("settings").layer.env.apply(Scope.LAUNCH, user)
    return {name: value.replace(str(app.app_dir), "$HOME") for name, value in env.items()}


def process(built: Built, name: str) -> str:
    """Give a process's command as it is run by bash."""
    found = next(one for one in built.result.processes if one.type == name)
    return found.command[-1]


def test_statement_23_environment_of_a_rack_app(tmp_path: Path) -> None:
    """It is Heroku's profile, sorted, and BUNDLE_GEMFILE."""
    app = RubyApp(tmp_path, FILES)

    assert launch_env(app, app.build()) == OF_RUBY | {"RACK_ENV": "production"}


def test_statement_23_environment_of_a_rails_app(tmp_path: Path) -> None:
    """Rails' variables come with it; SECRET_KEY_BASE does not, unless a setting asks for it."""
    app = RailsApp(tmp_path)

    assert launch_env(app, app.build()) == OF_RUBY | OF_RAILS


@pytest.mark.parametrize(
    ("version", "missing"),
    [("4.1.0", {"RAILS_LOG_TO_STDOUT", "RAILS_SERVE_STATIC_FILES"}), ("4.2.0", {"RAILS_LOG_TO_STDOUT"})],
)
def test_statement_23_older_rails_has_fewer_variables(tmp_path: Path, version: str, missing: set[str]) -> None:
    """Each variable is there since the version of Rails that reads it."""
    app = RailsApp(tmp_path, {"Gemfile.lock": RailsApp.lock(railties=version)})

    assert set(OF_RAILS) - set(launch_env(app, app.build())) == missing


def test_statement_23_values_of_the_user_win(tmp_path: Path) -> None:
    """All but DISABLE_SPRING, as on Heroku; paths come in front of the user's."""
    app = RailsApp(tmp_path)
    user = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "4", "DISABLE_SPRING": "0", "PATH": "/usr/bin"}

    env = launch_env(app, app.build(), **user)

    assert (env["LANG"], env["MALLOC_ARENA_MAX"], env["DISABLE_SPRING"]) == ("C.UTF-8", "4", "1")
    assert env["PATH"] == OF_RUBY["PATH"] + ":/usr/bin"


def test_statement_24_environment_the_user_chooses(tmp_path: Path) -> None:
    """RACK_ENV and RAILS_ENV of the user are seen by rake, and survive at launch."""
    app = RailsApp(tmp_path, user_env={"RACK_ENV": "staging", "RAILS_ENV": "staging"})

    env = launch_env(app, app.build(), RACK_ENV="staging", RAILS_ENV="staging")

    assert (app.rake_environment["RACK_ENV"], app.rake_environment["RAILS_ENV"]) == ("staging", "staging")
    assert (env["RACK_ENV"], env["RAILS_ENV"]) == ("staging", "staging")


def test_statement_25_no_secret_is_in_the_image(tmp_path: Path) -> None:
    """Rake gets a stand-in; the label says that the running app needs the variable."""
    app = RailsApp(tmp_path)

    built = app.build()

    assert "SECRET_KEY_BASE_DUMMY" in app.rake_environment
    assert "SECRET_KEY_BASE" not in launch_env(app, built)
    (label,) = built.result.labels
    assert (label.key, label.value) == (
        "dev.offramp.environment",
        '{"required":[{"generator":"secret","name":"SECRET_KEY_BASE","source":"Rails"}],"version":1}',
    )


def test_statement_25_secret_of_the_image_is_the_same_after_a_rebuild(tmp_path: Path) -> None:
    """As on Heroku, by setting: random, remembered, 128 digits, without quotes."""
    app = RailsApp(tmp_path, user_env={"OFFRAMP_RAILS_SECRET_KEY_BASE": "image"})
    first = launch_env(app, app.build())["SECRET_KEY_BASE"]
    app.start_afresh()

    assert launch_env(app, app.build())["SECRET_KEY_BASE"] == first
    assert len(first) == 128
    assert set(first) <= set("0123456789abcdef")


def test_statement_25_credentials_need_their_key_instead(tmp_path: Path) -> None:
    """An app with encrypted credentials has its secret in them."""
    app = RailsApp(tmp_path, {"config/credentials.yml.enc": "x"})

    assert '"name":"RAILS_MASTER_KEY"' in app.build().result.labels[0].value


@pytest.mark.parametrize(
    ("gem", "expected"),
    [
        ("pg", "postgres://user:pass@127.0.0.1/dbname"),
        ("mysql", "mysql://user:pass@127.0.0.1/dbname"),
        ("mysql2", "mysql2://user:pass@127.0.0.1/dbname"),
        ("sqlite3", "sqlite3://user:pass@127.0.0.1/dbname"),
        ("trilogy", ""),
    ],
)
def test_statement_26_address_of_no_database_by_driver(gem: str, expected: str) -> None:
    """Rails chooses its adapter by the scheme; for trilogy none is known."""
    assert dummy_database_url(GemfileLock(gems={gem: "1.0"})) == expected


def test_statement_26_database_of_the_user_is_kept(tmp_path: Path) -> None:
    """A build that is given a database uses it."""
    app = RailsApp(tmp_path, user_env={"DATABASE_URL": "postgres://db.example/shop"})

    app.build()

    assert app.rake_environment["DATABASE_URL"] == "postgres://db.example/shop"


def test_statement_26_rake_gets_the_stand_in(tmp_path: Path) -> None:
    """Nobody answers there, and Rails does not ask."""
    app = RailsApp(tmp_path)

    app.build()

    assert app.rake_environment["DATABASE_URL"] == "postgres://user:pass@127.0.0.1/dbname"
    assert app.rake_environment["RAILS_GROUPS"] == "assets"


@pytest.mark.parametrize("name", [".sprockets-manifest-0123.json", "manifest-0123.json"])
def test_statement_27_committed_manifest_skips_compiling(tmp_path: Path, name: str) -> None:
    """Assets that were compiled before the build stay as they are; the log says why."""
    app = RailsApp(tmp_path, {f"public/assets/{name}": "{}"})

    output = app.build().output

    assert not [line for line in app.exec_lines if "precompile assets" in line or "rake assets" in line]
    assert f"- Leaving the assets as they are: 'public/assets/{name}' is in the source" in output


def test_statement_27_propshaft_s_manifest_does_not_count(tmp_path: Path) -> None:
    """Heroku looks for the names of Sprockets only."""
    app = RailsApp(tmp_path, {"public/assets/.manifest.json": "{}"})

    app.build()

    assert "rake assets:precompile assets:clean" in app.exec_lines


def test_statement_28_failure_to_precompile_fails_the_build(tmp_path: Path) -> None:
    """An app without its assets is not deployed."""
    app = RailsApp(tmp_path, fails={"rake assets:precompile": "NameError: no\n"})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, app_errors.PrecompileError)


def test_statement_28_clean_runs_only_where_it_is_defined(tmp_path: Path) -> None:
    """A task with a longer name is another one."""
    app = RailsApp(tmp_path, tasks="rake assets:precompile\nrake assets:clean_old\n")

    app.build()

    assert "rake assets:precompile" in app.exec_lines


def test_statement_29_cache_of_assets_is_restored(tmp_path: Path) -> None:
    """The next build finds Sprockets' cache and the assets before."""
    app = RailsApp(tmp_path)
    app.build()
    app.start_afresh()
    app.write({"app/models/shop.rb": "# changed"})

    app.build()

    assert {"tmp/cache/assets/sprockets/entry", "public/assets/application-1.css"} <= app.seen_by_rake


def test_statement_29_cache_is_trimmed_oldest_first(tmp_path: Path) -> None:
    """What is above 50 MiB goes, what was changed longest ago first."""
    import os

    from buildpacks.ruby.layers.compiled import trim

    for at, name in enumerate(("new", "old")):
        (tmp_path / name).write_bytes(b"")
        os.truncate(tmp_path / name, 40 << 20)
        os.utime(tmp_path / name, (1000 - at, 1000 - at))

    trim(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_statement_30_rakefile_that_does_not_load_is_fatal_for_rails(tmp_path: Path) -> None:
    """The error shows the app's own lines."""
    words = "rake aborted!\nLoadError: cannot load such file -- rspec/core/rake_task\n/app/Rakefile:3:in '<main>'\n"
    app = RailsApp(tmp_path, fails={"rake -P": words})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, app_errors.RakefileError)
    assert "cannot load such file" in failed.value.output


def test_statement_30_it_is_a_warning_for_others(tmp_path: Path) -> None:
    """A plain Ruby app need not have a Rakefile that works in production."""
    lock = RailsApp.lock(railties="")
    app = RailsApp(tmp_path, {"Gemfile.lock": lock}, fails={"rake -P": "LoadError: cannot load such file\n"})

    output = app.build().output

    assert "! Warning: 'Rakefile' does not load, so no rake task is run" in output


def test_statement_31_rails_web_process(tmp_path: Path) -> None:
    """It binds $PORT with $RAILS_ENV, and bash does not stand between it and signals."""
    built = RailsApp(tmp_path).build()

    assert process(built, "web") == "exec bin/rails server -p ${PORT:-5000} -e $RAILS_ENV"
    assert process(built, "console") == "exec bin/rails console"
    assert [one.type for one in built.result.processes if one.default] == ["web"]


def test_statement_31_worker_where_the_task_exists(tmp_path: Path) -> None:
    """jobs:work is Delayed Job's."""
    built = RailsApp(tmp_path, tasks="rake jobs:work\n").build()

    assert process(built, "worker") == "exec bundle exec rake jobs:work"


def test_statement_31_rack_web_process(tmp_path: Path) -> None:
    """By classic's rules rackup starts it."""
    built = RubyApp(tmp_path, {**FILES, "config.ru": "run nil"}).build()

    assert process(built, "web") == "exec bundle exec rackup config.ru -p ${PORT:-5000}"
    assert process(built, "rake") == "exec bundle exec rake"


def test_statement_31_by_the_newer_rules_rack_needs_config_ru(tmp_path: Path) -> None:
    """Without it there is no web process; with it, PORT has to be set."""
    rules = {"OFFRAMP_RUBY_RULES": "cnb"}
    without = RubyApp(tmp_path / "a", FILES, user_env=rules).build()
    with_it = RubyApp(tmp_path / "b", {**FILES, "config.ru": "run nil"}, user_env=rules).build()

    assert without.result.processes == ()
    assert process(with_it, "web").startswith('exec bundle exec rackup --host "[::]" --port "${PORT:?')


def test_statement_32_database_yml_for_old_active_record(tmp_path: Path) -> None:
    """It is written where there is config/, and Active Record does not read DATABASE_URL itself."""
    app = RubyApp(tmp_path, {**FILES, "config/settings.yml": ""})

    app.build()

    assert "DATABASE_URL" in (app.app_dir / "config/database.yml").read_text()


@pytest.mark.parametrize(
    "files",
    [{}, {"config/x.yml": "", "Gemfile.lock": LOCK.replace("rack (3.1.8)", "activerecord (4.1.0)")}],
)
def test_statement_32_database_yml_is_left_alone_otherwise(tmp_path: Path, files: dict[str, str]) -> None:
    """Not without config/, and not from Active Record 4.1 on."""
    app = RubyApp(tmp_path, {**FILES, **files})

    app.build()

    assert not (app.app_dir / "config/database.yml").exists()


@pytest.mark.parametrize("version", ["7.0.0", "7.0.2"])
def test_statement_33_puma_that_loses_requests_is_an_error(tmp_path: Path, version: str) -> None:
    """Unless the user says that the time-out is set."""
    lock = LOCK.replace("rack (3.1.8)", f"puma ({version})")

    with pytest.raises(BuildFailedError) as failed:
        RubyApp(tmp_path / "a", {**FILES, "Gemfile.lock": lock}).build()
    RubyApp(tmp_path / "b", {**FILES, "Gemfile.lock": lock}, user_env={"PUMA_PERSISTENT_TIMEOUT": "95"}).build()

    assert isinstance(failed.value.error, app_errors.PumaPersistentTimeoutError)


@pytest.mark.parametrize(("version", "warns"), [("6.6.0", True), ("7.0.3", False), ("7.1.0", False)])
def test_statement_33_older_puma_is_a_warning(tmp_path: Path, version: str, warns: bool) -> None:  # noqa: FBT001
    """It closes connections that a router keeps."""
    lock = LOCK.replace("rack (3.1.8)", f"puma ({version})")

    output = RubyApp(tmp_path, {**FILES, "Gemfile.lock": lock}).build().output

    assert (f"Puma {version} closes idle connections" in output) is warns


def test_statement_35_node_is_there_for_the_assets(tmp_path: Path) -> None:
    """package.json asks for Node.js, which builds before and keeps development dependencies."""
    result = RailsApp(tmp_path, {"package.json": "{}"}).detect().result

    assert isinstance(result, Passed)
    assert result.plan is not None
    wanted = Require(name="node", metadata={"skip_pruning": True, "web": False})
    assert wanted in result.plan.alternatives[0].requires


@pytest.mark.parametrize("gem", ["execjs", "webpacker"])
def test_statement_35_gem_that_runs_javascript_takes_node_where_it_is(tmp_path: Path, gem: str) -> None:
    """Classic installs Node.js for it; where a builder has none, the app is built all the same."""
    lock = LOCK.replace("rack (3.1.8)", f"{gem} (2.10.0)")

    result = RubyApp(tmp_path, {**FILES, "Gemfile.lock": lock}).detect().result

    assert isinstance(result, Passed)
    assert result.plan is not None
    assert [[one.name for one in choice.requires] for choice in result.plan.alternatives] == [
        ["ruby", "node"],
        ["ruby"],
    ]


def test_statement_35_other_apps_build_without_node(tmp_path: Path) -> None:
    """Nobody waits for what nobody needs."""
    result = RubyApp(tmp_path, FILES).detect().result

    assert isinstance(result, Passed)
    assert result.plan is not None
    assert [[one.name for one in choice.requires] for choice in result.plan.alternatives] == [["ruby"]]
