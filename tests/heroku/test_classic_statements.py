"""What holds of classic buildpacks (docs/reference/heroku-parity.md), by running classic scripts."""

from __future__ import annotations

import hashlib
import io
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildpacks.heroku_classic.buildpack import ClassicBuildpack
from buildpacks.sdk.main import run_detect
from buildpacks.sdk.output import Output
from tests.support.profile_launch import Launch
from tests.support.trees import write_tree
from tests.unit.buildpacks.heroku_classic.classic_app import ClassicApp

EXPORT = """#!/bin/sh
cat > "$(cd "$(dirname "$0")/.." && pwd)/export" <<'SCRIPT'
{}
SCRIPT
"""
RELEASE = "#!/bin/sh\nprintf 'default_process_types:\\n  web: serve\\n  worker: work\\n'"


def test_statement_1_compile_gets_build_cache_and_env_dir(tmp_path: Path) -> None:
    """bin/compile runs in the app with three directories: the app, the cache, and the config vars."""
    script = '#!/bin/sh\necho "$#:$1:$2:$(ls "$3")"\ntouch "$1/made" "$2/kept"'
    app = ClassicApp(tmp_path, {"bin/compile": script}, A_VAR="x")
    built = app.build()

    assert f"3:{app.app_dir}:{built.layer('cache').path}:A_VAR" in built.output
    assert (app.app_dir / "made").exists()
    assert (built.layer("cache").path / "kept").exists()


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 100)])
def test_statement_1_detect_exit_1_is_100(tmp_path: Path, status: int, expected: int) -> None:
    """The lifecycle sees 100 where the classic script ends with 1, and 0 where it matches."""
    app = ClassicApp(tmp_path, {"bin/detect": f"#!/bin/sh\nexit {status}"})
    environment = {
        "CNB_BUILDPACK_DIR": str(app.buildpack_dir),
        "CNB_BUILD_PLAN_PATH": str(tmp_path / "plan"),
        "PATH": "/usr/bin:/bin",
    }
    log = io.StringIO()

    assert run_detect(ClassicBuildpack(), environment, {}, Output(log, log)) == expected


def test_statement_1_detect_gets_the_app(tmp_path: Path) -> None:
    """bin/detect has one argument, the app's directory."""
    app = ClassicApp(tmp_path, {"bin/detect": '#!/bin/sh\necho "$#:$1"'})

    assert f"1:{app.app_dir}" in getattr(app.detect().result, "because", "")


VALUES = st.binary(max_size=40).filter(lambda value: b"\0" not in value)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
def test_statement_2_env_dir_has_exact_contents(tmp_path_factory: pytest.TempPathFactory, value: bytes) -> None:
    """A config var's file holds its bytes: no newline is added, none is lost, and text need not be UTF-8."""
    text = value.decode("utf-8", "surrogateescape")
    output = ClassicApp(tmp_path_factory.mktemp("app"), "reads_config", A_VAR=text).build().output

    assert f"config A_VAR {len(value)} {hashlib.sha256(value).hexdigest()}" in output


def test_statement_2_one_file_for_each_variable(tmp_path: Path) -> None:
    """There is a file for every config var, and no other."""
    output = ClassicApp(tmp_path, "reads_config", ONE="1", TWO="", THREE="3").build().output
    names = [line.split()[1] for line in output.splitlines() if line.lstrip().startswith("config ")]

    assert sorted(names) == ["ONE", "THREE", "TWO"]


def test_statement_2_none_leaks_into_detect_or_the_environment(tmp_path: Path) -> None:
    """Neither bin/detect nor the environment of bin/compile has a config var."""
    names = "#!/bin/sh\nenv | sed 's/=.*//' | tr '\\n' ' '"
    app = ClassicApp(tmp_path, {"bin/detect": names, "bin/compile": names}, A_VAR="x")

    assert "A_VAR" not in getattr(app.detect().result, "because", "A_VAR")
    assert "A_VAR" not in app.build().output


def test_statement_3_export_becomes_overrides(tmp_path: Path) -> None:
    """New and changed variables are env.build/NAME.override with the exact value; others are not there."""
    lines = "export NEW='a \"b\"\n'\nexport PATH=/app/bin:$PATH\nexport HOME=$HOME\nplain=1"
    layer = ClassicApp(tmp_path, {"bin/compile": EXPORT.format(lines)}).build().layer("exports").layer

    assert layer.env.files() == {"env.build": {"NEW.override": b'a "b"\n', "PATH.override": b"/app/bin:/usr/bin:/bin"}}


def test_statement_3_only_later_buildpacks_see_them(tmp_path: Path) -> None:
    """The layer is for the rest of the build: neither in the image nor in the cache."""
    script = EXPORT.format("export NEW=1")
    types = ClassicApp(tmp_path, {"bin/compile": script}).build().layer("exports").layer.types

    assert (types.build, types.cache, types.launch) == (True, False, False)


def test_statement_3_export_that_changes_nothing_leaves_no_layer(tmp_path: Path) -> None:
    """What is set to the value it has is no change."""
    assert "exports" not in ClassicApp(tmp_path, {"bin/compile": EXPORT.format("export PATH=$PATH")}).build().layers


PROFILE_SCRIPT = '#!/bin/sh\nmkdir "$1/.profile.d"\necho "export X=1" > "$1/.profile.d/a.sh"'


def test_statement_4_profile_d_is_sourced_before_every_process(tmp_path: Path) -> None:
    """The app image has a program for it that is of no single process type."""
    layer = ClassicApp(tmp_path, {"bin/compile": PROFILE_SCRIPT}).build().layer("profile").layer

    assert list(layer.scripts) == ["exec.d/profile"]
    assert (layer.types.build, layer.types.cache, layer.types.launch) == (False, False, True)


def test_statement_4_in_name_order_with_home_restored(tmp_path: Path) -> None:
    """Scripts see each other's work in the order of their names and HOME as the app; HOME is not handed on."""
    app = tmp_path / "app"
    scripts = {"b.sh": 'export ORDER="${ORDER}b"', "a.sh": 'export ORDER=a AT="$HOME"', "c.sh": "export HOME=/x"}
    launch = Launch(app, scripts)

    assert (launch.variables["ORDER"], launch.variables["AT"]) == ("ab", str(app))
    assert "HOME" not in launch.variables


def test_statement_5_default_process_types_become_processes(tmp_path: Path) -> None:
    """Each runs through bash; web is the default."""
    processes = ClassicApp(tmp_path, {"bin/release": RELEASE}).build().result.processes

    assert [(one.type, one.args, one.default) for one in processes] == [
        ("web", ("exec serve",), True),
        ("worker", ("exec work",), False),
    ]


@pytest.mark.parametrize("line", ["web: other", "web other", "  web:  other"])
def test_statement_5_procfile_wins(tmp_path: Path, line: str) -> None:
    """A type that a Procfile defines, by Heroku's lenient rule, is left to it; the others stay."""
    built = ClassicApp(tmp_path, {"bin/release": RELEASE}, {"Procfile": f"# web\n{line}\n"}).build()

    assert [one.type for one in built.result.processes] == ["worker"]


def test_statement_5_launch_toml_has_them(tmp_path: Path) -> None:
    """The lifecycle finds the processes in launch.toml."""
    app = ClassicApp(tmp_path, {"bin/release": RELEASE})
    write_tree(app.app_dir, {"x": "x"})
    app.build()
    launch = tomllib.loads((app.layers_dir / "launch.toml").read_text())

    assert [one["type"] for one in launch["processes"]] == ["web", "worker"]
