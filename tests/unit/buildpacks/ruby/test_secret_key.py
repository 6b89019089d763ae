"""Where the secret of a Rails app is, and where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.ruby.secret_key import SETTING, VARIABLE
from buildpacks.sdk import Scope
from buildpacks.sdk.testing import Built
from tests.support.ruby_app import RailsApp

IN_IMAGE = {SETTING: "image"}


def secret(built: Built) -> str | None:
    """Give the secret of the running app."""
    return built.layer("settings").layer.env.apply(Scope.LAUNCH, {}).get(VARIABLE)


def required(built: Built) -> list[dict[str, str]]:
    """Give what the label says that the app needs."""
    return [one for label in built.result.labels for one in json.loads(label.value)["required"]]


def test_two_apps_have_two_secrets(tmp_path: Path) -> None:
    """In the image they are random."""
    built = [RailsApp(tmp_path / name, user_env=IN_IMAGE).build() for name in "ab"]

    assert secret(built[0]) != secret(built[1])
    assert required(built[0]) == []


def test_user_s_secret_wins_over_that_of_the_image(tmp_path: Path) -> None:
    """It is a default, as on Heroku."""
    env = RailsApp(tmp_path, user_env=IN_IMAGE).build().layer("settings").layer.env

    assert env.apply(Scope.LAUNCH, {VARIABLE: "mine"})[VARIABLE] == "mine"
    assert VARIABLE not in env.apply(Scope.BUILD, {})


@pytest.mark.parametrize("kept", ['"quoted"', "short", 7, "G" * 128])
def test_remembered_value_of_another_form_is_replaced(tmp_path: Path, kept: object) -> None:
    """What another buildpack left under this name is no secret of ours."""
    app = RailsApp(tmp_path, user_env=IN_IMAGE)
    text = json.dumps(kept)  # these values are the same in TOML
    (app.layers_dir / "store.toml").write_text(f"[metadata]\nsecret_key_base = {text}\n")

    found = secret(app.build())

    assert found is not None
    assert found != kept
    assert len(found) == 128


def test_setting_taken_back_takes_the_secret_out(tmp_path: Path) -> None:
    """The next image has none, and nothing remembers it."""
    app = RailsApp(tmp_path, user_env=IN_IMAGE)
    value = secret(app.build())
    assert value
    app.start_afresh()
    app.user_env = {}

    built = app.build()

    assert secret(built) is None
    assert value is not None
    assert value not in str(built.result.store)


@pytest.mark.parametrize("railties", ["", "4.0.13"])
@pytest.mark.parametrize("settings", [{}, IN_IMAGE])
def test_apps_without_such_a_secret(tmp_path: Path, railties: str, settings: dict[str, str]) -> None:
    """Rails has it since 4.1; others are asked for nothing."""
    built = RailsApp(tmp_path, {"Gemfile.lock": RailsApp.lock(railties)}, user_env=settings).build()

    assert secret(built) is None
    assert built.result.labels == ()


@pytest.mark.parametrize("path", ["config/credentials.yml.enc", "config/credentials/production.yml.enc"])
def test_encrypted_credentials_need_their_key(tmp_path: Path, path: str) -> None:
    """Nobody can make that up: the label names no generator, and the file that asks for it."""
    built = RailsApp(tmp_path, {path: "x"}).build()

    assert required(built) == [{"name": "RAILS_MASTER_KEY", "source": path}]


def test_credentials_of_another_environment_do_not_count(tmp_path: Path) -> None:
    """Those of development have a key of their own."""
    built = RailsApp(tmp_path, {"config/credentials/development.yml.enc": "x"}).build()

    assert [one["name"] for one in required(built)] == [VARIABLE]


def test_no_secret_of_the_build_is_kept(tmp_path: Path) -> None:
    """A secret that was given to the build is in no file that the build leaves."""
    value = "c0ffee" * 20
    app = RailsApp(tmp_path, user_env={VARIABLE: value})

    built = app.build()

    left = [path for path in (*app.layers_dir.rglob("*"), *app.app_dir.rglob("*")) if path.is_file()]
    assert left
    assert not [path for path in left if value.encode() in path.read_bytes()]
    assert value not in built.output
