"""A classic buildpack as a lifecycle sees it; its scripts are real shell scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.heroku_classic import errors
from buildpacks.sdk.testing import BuildFailedError
from tests.unit.buildpacks.heroku_classic.classic_app import ClassicApp


def test_detect_gives_the_framework(tmp_path: Path) -> None:
    """Status 0 passes because of the name that is printed."""
    detection = ClassicApp(tmp_path, {"bin/detect": '#!/bin/sh\necho "in $1" >&2\necho Ruby'}).detect()

    assert detection.passed
    assert getattr(detection.result, "because", "") == "Ruby"


@pytest.mark.parametrize("status", [1, 2, 100, 125])
def test_detect_refuses_with_any_plain_status(tmp_path: Path, status: int) -> None:
    """Whatever a script ends with means that it does not match; its words are the reason."""
    detection = ClassicApp(tmp_path, {"bin/detect": f"#!/bin/sh\necho no Gemfile >&2\nexit {status}"}).detect()

    assert not detection.passed
    assert "no Gemfile" in detection.output


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 127", "#!/bin/sh\nkill -9 $$", "#!/no/such/interpreter\n"])
def test_detect_that_did_not_run_is_an_error(tmp_path: Path, script: str) -> None:
    """A script that cannot decide is told apart from one that says no."""
    with pytest.raises(errors.DetectCrashedError):
        ClassicApp(tmp_path, {"bin/detect": script}).detect()


def test_pack_without_a_script(tmp_path: Path) -> None:
    """A missing or unexecutable script is named."""
    app = ClassicApp(tmp_path, {})
    (app.classic / "bin/compile").chmod(0o644)
    with pytest.raises(errors.ScriptMissingError) as raised:
        app.detect()
    assert (raised.value.script, raised.value.problem) == ("bin/compile", "it may not be executed")
    (app.classic / "bin/detect").unlink()
    with pytest.raises(errors.ScriptMissingError) as raised:
        app.detect()
    assert raised.value.script == "bin/detect"


def test_adapter_alone(tmp_path: Path) -> None:
    """Without a classic buildpack beside it, the adapter says how one is used."""
    app = ClassicApp(tmp_path, {})
    app.classic.rename(app.classic.with_name("elsewhere"))
    with pytest.raises(errors.NothingWrappedError):
        app.detect()


def test_pack_may_write_to_itself(tmp_path: Path) -> None:
    """It runs as a copy that goes away: what it writes beside its scripts is not in the next build."""
    script = '#!/bin/sh\ncd "$(dirname "$0")/.."\n[ ! -e mine ] || echo stale\ntouch mine'
    app = ClassicApp(tmp_path, {"bin/compile": script})

    assert "stale" not in app.build().output + app.build().output
    assert not (app.classic / "mine").exists()


def test_environment_of_compile(tmp_path: Path) -> None:
    """HOME is the app, STACK is Heroku's, the commit is known; config vars are not in the environment."""
    script = '#!/bin/sh\necho "home=$HOME stack=$STACK commit=$SOURCE_VERSION here=$PWD var=${CONFIG_VAR-none}"'
    app = ClassicApp(tmp_path, {"bin/compile": script}, SOURCE_VERSION="abc", CONFIG_VAR="x")

    assert f"home={app.app_dir} stack=heroku-24 commit=abc here={app.app_dir} var=none" in app.build().output


def test_stack_setting(tmp_path: Path) -> None:
    """Another stack can be named; the cache of the one before is not given to it."""
    app = ClassicApp(tmp_path, {"bin/compile": '#!/bin/sh\necho "stack=$STACK"'})
    app.build()
    app.user_env[errors.STACK_SETTING] = "heroku-22"
    built = app.build()

    assert "stack=heroku-22" in built.output
    built.layer("cache").assert_rebuilt("stack changed from heroku-24 to heroku-22")


def test_cache_is_kept(tmp_path: Path) -> None:
    """CACHE_DIR holds what the last build left, and is neither in the image nor seen by others."""
    script = '#!/bin/sh\necho one >> "$2/builds"\necho "build $(wc -l < "$2/builds")"'
    app = ClassicApp(tmp_path, {"bin/compile": script})

    assert "build 1" in app.build().output
    built = app.build()
    assert "build 2" in built.output
    types = built.layer("cache").layer.types
    assert (types.build, types.cache, types.launch) == (False, True, False)


def test_failed_compile_names_the_pack_and_its_last_words(tmp_path: Path) -> None:
    """The status and the last lines are told, and no later script runs."""
    script = "#!/bin/sh\necho ' !     wrong version'\nexit 3"
    app = ClassicApp(tmp_path, {"bin/compile": script, "bin/release": "#!/bin/sh\necho never"})
    with pytest.raises(BuildFailedError, match="'bin/compile' ended with status 3") as failed:
        app.build()

    assert " !     wrong version" in failed.value.output
    assert "never" not in failed.value.output


def test_failed_release_fails_the_build(tmp_path: Path) -> None:
    """As on Heroku."""
    with pytest.raises(BuildFailedError, match="'bin/release' ended with status 4"):
        ClassicApp(tmp_path, {"bin/release": "#!/bin/sh\nexit 4"}).build()


def test_release_of_another_form_is_told_with_its_line(tmp_path: Path) -> None:
    """What is not understood is not guessed at."""
    script = "#!/bin/sh\necho default_process_types:\necho '  web: echo foo: bar'"
    with pytest.raises(BuildFailedError, match="not understood, line 2"):
        ClassicApp(tmp_path, {"bin/release": script}).build()


def test_config_vars_of_release_are_defaults_of_the_app(tmp_path: Path) -> None:
    """They are set where the app runs unless they are set there; add-ons are only named."""
    script = "#!/bin/sh\nprintf 'addons:\\n- heroku-redis\\nconfig_vars:\\n  THEME: plain\\n'"
    built = ClassicApp(tmp_path, {"bin/release": script}).build()

    assert built.layer("profile").layer.env.files() == {"env.launch": {"THEME.default": b"plain"}}
    assert "On Heroku, this would add heroku-redis" in built.output


def test_pack_that_leaves_nothing_has_a_cache_only(tmp_path: Path) -> None:
    """No layer is in the image because of a wrapped buildpack alone."""
    assert list(ClassicApp(tmp_path, {}).build().layers) == ["cache"]


def test_standard_error_of_release_is_for_the_log(tmp_path: Path) -> None:
    """Only standard output is read as YAML."""
    script = "#!/bin/sh\necho '}: not yaml' >&2\nprintf 'default_process_types:\\n  web: serve\\n'"
    built = ClassicApp(tmp_path, {"bin/release": script}).build()

    assert "}: not yaml" in built.output
    assert [one.type for one in built.result.processes] == ["web"]


def test_profile_of_the_app_is_sourced_by_default_processes(tmp_path: Path) -> None:
    """``.profile`` runs before a proposed process, and the program takes the shell's place."""
    script = "#!/bin/sh\nprintf 'default_process_types:\\n  web: serve $PORT\\n'"
    app = ClassicApp(tmp_path, {"bin/release": script}, {".profile": "export A=1\n"})
    (web,) = app.build().result.processes

    assert web.command == ("bash", "-c")
    assert web.args == (". ./.profile\nexec serve $PORT",)
