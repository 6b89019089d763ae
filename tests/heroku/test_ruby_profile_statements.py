"""Heroku's profile script of Ruby apps, line by line, from the files that our layer has in its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildpacks.sdk import Scope
from buildpacks.sdk.testing import Built
from lifecycle_py.spec.env_delta import EnvAction
from tests.support.ruby_app import GEMFILE, LOCK, RailsApp, RubyApp

FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK}
# The sorted lines of .profile.d/ruby.sh that Heroku's own specs expect: heroku/heroku-buildpack-ruby,
# spec/hatchet/ruby_spec.rb (a Rack app) and getting_started_spec.rb (a Rails app; they leave SECRET_KEY_BASE out).
OF_RACK = """\
export BUNDLE_BIN=${BUNDLE_BIN:-vendor/bundle/bin}
export BUNDLE_DEPLOYMENT=${BUNDLE_DEPLOYMENT:-1}
export BUNDLE_PATH=${BUNDLE_PATH:-vendor/bundle}
export BUNDLE_WITHOUT=${BUNDLE_WITHOUT:-development:test}
export DISABLE_SPRING="1"
export GEM_PATH="$HOME/vendor/bundle/ruby/3.3.0:$GEM_PATH"
export LANG=${LANG:-en_US.UTF-8}
export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2}
export PATH="$HOME/bin:$HOME/vendor/bundle/bin:$HOME/vendor/bundle/ruby/3.3.0/bin:$PATH"
export PUMA_PERSISTENT_TIMEOUT=${PUMA_PERSISTENT_TIMEOUT:-95}
export RACK_ENV=${RACK_ENV:-production}
"""
OF_RAILS = f"""\
{OF_RACK}\
export RAILS_ENV=${{RAILS_ENV:-production}}
export RAILS_LOG_TO_STDOUT=${{RAILS_LOG_TO_STDOUT:-enabled}}
export RAILS_SERVE_STATIC_FILES=${{RAILS_SERVE_STATIC_FILES:-enabled}}
"""
# What Heroku's build exports to the buildpacks that come after: ruby_spec.rb, "build time config var behavior".
EXPORTED = ("BUNDLE_BIN", "BUNDLE_DEPLOYMENT", "BUNDLE_PATH", "BUNDLE_WITHOUT", "GEM_PATH", "PATH",
            "PUMA_PERSISTENT_TIMEOUT", "RACK_ENV")  # fmt: skip
# Ours alone: programs in vendor/bundle/bin would follow the link out of the app to find the Gemfile.
ADDED = "export BUNDLE_GEMFILE=${BUNDLE_GEMFILE:-$HOME/Gemfile}\n"
FORMS = {
    EnvAction.DEFAULT: "export {0}=${{{0}:-{1}}}",
    EnvAction.OVERRIDE: 'export {0}="{1}"',
    EnvAction.PREPEND: 'export {0}="{1}:${0}"',
}


def profile(app: RubyApp, built: Built) -> str:
    """Write what the layer's files make the launcher do as a sorted shell script, and leave out our own line."""
    changes = [
        one.change for one in built.layer("settings").layer.env.changes if one.scope in {Scope.BOTH, Scope.LAUNCH}
    ]
    assert all(change.delimiter == b":" for change in changes if change.action is EnvAction.PREPEND)
    lines = (FORMS[change.action].format(change.name, change.value.decode()) for change in changes)
    text = "".join(f"{line.replace(str(app.app_dir), '$HOME')}\n" for line in sorted(lines))
    assert text.count(ADDED) == 1
    return text.replace(ADDED, "")


def test_statement_23_profile_of_a_rack_app_is_heroku_s(tmp_path: Path) -> None:
    """Byte for byte, and one line of ours."""
    app = RubyApp(tmp_path, FILES)

    assert profile(app, app.build()) == OF_RACK


def test_statement_23_profile_of_a_rails_app_is_heroku_s(tmp_path: Path) -> None:
    """Byte for byte, but for the secret, which stays out of the image."""
    app = RailsApp(tmp_path)

    assert profile(app, app.build()) == OF_RAILS


def test_statement_23_profile_with_the_secret_in_the_image(tmp_path: Path) -> None:
    """By setting its line is there, between those before and after it in the alphabet."""
    app = RailsApp(tmp_path, user_env={"OFFRAMP_RAILS_SECRET_KEY_BASE": "image"})

    (secret,) = set(profile(app, app.build()).splitlines()) - set(OF_RAILS.splitlines())
    assert secret.startswith("export SECRET_KEY_BASE=${SECRET_KEY_BASE:-")


def test_statement_23_profile_of_plain_ruby_names_no_environment(tmp_path: Path) -> None:
    """RACK_ENV is for apps with Rack."""
    app = RubyApp(tmp_path, {**FILES, "Gemfile.lock": LOCK.replace("rack (3.1.8)", "redis (5.3.0)")})

    assert profile(app, app.build()) == OF_RACK.replace("export RACK_ENV=${RACK_ENV:-production}\n", "")


def test_statement_23_later_buildpacks_get_what_heroku_exports(tmp_path: Path) -> None:
    """All of it, and nothing that is for the running app only."""
    app = RubyApp(tmp_path, FILES)

    env = app.build().layer("settings").layer.env.apply(Scope.BUILD, {})

    assert set(EXPORTED) <= set(env)
    assert "MALLOC_ARENA_MAX" not in env


def test_statement_23_newer_rules_set_rails_variables_for_any_app(tmp_path: Path) -> None:
    """OFFRAMP_RUBY_RULES=cnb does as Heroku's Cloud Native Buildpack."""
    app = RubyApp(
        tmp_path,
        {**FILES, "Gemfile.lock": LOCK.replace("rack (3.1.8)", "redis (5.3.0)")},
        user_env={"OFFRAMP_RUBY_RULES": "cnb"},
    )

    assert profile(app, app.build()) == OF_RAILS


@pytest.mark.parametrize(
    ("set_by_user", "files", "expected"),
    [
        ({}, {"memory.max": "536870912\n"}, {}),
        (
            {"SENSIBLE_DEFAULTS": "1"},
            {"memory.max": "536870912\n"},
            {"HEROKU_RAM_LIMIT_MB": "512", "WEB_CONCURRENCY": "2", "WEB_CONCURRENCY_SET_BY": "offramp/ruby"},
        ),
        ({"SENSIBLE_DEFAULTS": "1", "WEB_CONCURRENCY": "5"}, {"memory.max": "536870912\n"}, {}),
    ],
)
def test_statement_23_web_concurrency_is_not_set_unless_it_is_asked_for(
    tmp_path: Path, set_by_user: dict[str, str], files: dict[str, str], expected: dict[str, str]
) -> None:
    """Only SENSIBLE_DEFAULTS, which Heroku does not document, makes it follow the memory; the user's value wins."""
    app = RubyApp(tmp_path, FILES)
    program = app.build().layer("settings").layer.scripts["exec.d/web-concurrency"].decode()

    assert run_exec_d(tmp_path, program, files, **set_by_user) == expected


def run_exec_d(tmp_path: Path, program: str, files: dict[str, str], **environment: str) -> dict[str, str]:
    """Run the program as a launcher does, in a container whose cgroup has these files."""
    cgroup = tmp_path / "cgroup"
    for name, text in files.items():
        (cgroup / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroup / name).write_text(text)
    script = tmp_path / "program"
    script.write_text(program.replace("/sys/fs/cgroup", str(cgroup)))
    subprocess.run(
        ["/bin/sh", "-c", f"/bin/sh {script} 3>{tmp_path}/out"],
        env={"PATH": "/usr/bin:/bin", **environment},
        check=True,
        timeout=20,
    )
    lines = (tmp_path / "out").read_text().splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition(" = ") for line in lines)}
