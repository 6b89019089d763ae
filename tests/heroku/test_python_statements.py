"""What holds on Heroku for Python apps (docs/reference/heroku-parity.md); programs are fakes, decisions are real.

Each statement is also seen on real apps in ``tests/end_to_end/test_python_apps.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.python import errors, precompile
from buildpacks.python.launch_environment import launch_environment
from buildpacks.sdk import HookFailedError, Scope
from buildpacks.sdk.testing import BuildFailedError
from tests.support.python_app import PythonApp, make_stack_python
from tests.unit.buildpacks.python.test_launch_environment import run_web_concurrency

FILES = [
    ".python-version",
    "__init__.py",
    "app.py",
    "main.py",
    "manage.py",
    "pdm.lock",
    "Pipfile",
    "Pipfile.lock",
    "poetry.lock",
    "pyproject.toml",
    "requirements.txt",
    "runtime.txt",
    "server.py",
    "setup.cfg",
    "setup.py",
    "uv.lock",
    "requeriments.txt",
    "requirement.txt",
    "requirements",
    "requirements.text",
    "Requirements.txt",
    "requirements.txt.txt",
    "requirments.txt",
]
DIRECTORIES = ("__pycache__", ".venv", "venv")
MISSPELLED = (
    "python-version", ".python_version", ".pythonversion", ".Python-Version", ".python-version.txt", ".python-version ",
    ".python-versions", ".python-verson", ".pyhton-version", ".phyton-version", "python_version", "pythonversion",
    ".PYTHON-VERSION", "python-version.txt", ".python.version", ".python version", "Python-version", ".python--version",
    ".python-version.", "..python-version",
)  # fmt: skip
FORBIDDEN = [
    "PIP_CACHE_DIR",
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
    "POETRY_CACHE_DIR",
    "POETRY_DATA_DIR",
    "POETRY_HOME",
    "POETRY_VIRTUALENVS_CREATE",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_VIRTUALENVS_USE_POETRY_PYTHON",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONNOUSERSITE",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "UV_CACHE_DIR",
    "UV_LINK_MODE",
    "UV_MANAGED_PYTHON",
    "UV_NO_CACHE",
    "UV_NO_MANAGED_PYTHON",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_PREFERENCE",
    "VIRTUAL_ENV",
]
UV_APP = {"uv.lock": "", "pyproject.toml": "", ".python-version": "3.13"}
DJANGO_APP = {"requirements.txt": "django", "manage.py": ""}
CNB = {"OFFRAMP_PYTHON_RULES": "cnb"}


def lock(**requires: str) -> str:
    """Write a Pipfile.lock."""
    return json.dumps({"_meta": {"requires": requires}, "default": {}})


def failure(app: PythonApp) -> BuildFailedError:
    """Build an app that cannot be built."""
    with pytest.raises(BuildFailedError) as caught:
        app.build()
    return caught.value


@pytest.mark.parametrize("name", [*FILES, *(f"{name}/" for name in (*DIRECTORIES, *FILES))])
def test_statement_37_detection(tmp_path: Path, name: str) -> None:
    """Each of the names is enough, be it a file or a directory."""
    assert PythonApp(tmp_path, {name: ""}).detect().passed


def test_statement_37_number_of_names() -> None:
    """The list is Heroku's: 23 files and three directories."""
    assert (len(set(FILES)), len(DIRECTORIES)) == (23, 3)


@pytest.mark.parametrize("name", ["Gemfile", "readme.md", "src/app.py"])
def test_statement_37_nothing_else(tmp_path: Path, name: str) -> None:
    """Other files, and these files in another directory, are not enough."""
    assert not PythonApp(tmp_path, {name: ""}).detect().passed


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"runtime.txt": "python-3.11", ".python-version": "3.12"}, "Python 3.11.18 from uv (runtime.txt)"),
        ({".python-version": "3.12"}, "Python 3.12.9 from uv (.python-version)"),
        ({".python-version": "3.12.8"}, "Python 3.12.8 from uv (.python-version)"),
        ({}, "Python 3.13.5 from the stack (the stack's default)"),
    ],
)
def test_statement_38_precedence_with_pip(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    """runtime.txt, then .python-version, then the default."""
    assert f"- Using {expected}\n" in PythonApp(tmp_path, {"requirements.txt": "", **files}).build().output


@pytest.mark.parametrize(
    ("files", "requires", "expected"),
    [
        ({"runtime.txt": "python-3.11"}, {"python_version": "3.12"}, "3.11.18 from uv (runtime.txt)"),
        ({".python-version": "3.11"}, {"python_version": "3.12"}, "3.11.18 from uv (.python-version)"),
        ({}, {"python_version": "3.11", "python_full_version": "3.12.8"}, "3.12.8 from uv (Pipfile.lock)"),
        ({}, {"python_version": "3.12"}, "3.12.9 from uv (Pipfile.lock)"),
        ({}, {}, "3.13.5 from the stack (the stack's default)"),
    ],
)
def test_statement_38_precedence_with_pipenv(
    tmp_path: Path, files: dict[str, str], requires: dict[str, str], expected: str
) -> None:
    """Version files come before Pipfile.lock; in it the full version comes first."""
    app = PythonApp(tmp_path, {"Pipfile.lock": lock(**requires), **files})

    assert f"- Using Python {expected}\n" in app.build().output


def test_statement_38_sticky(tmp_path: Path) -> None:
    """An app that asks for nothing stays on the line it was first built with, although the stack moves on."""
    app = PythonApp(tmp_path, {"requirements.txt": ""})
    app.build()
    app.stack = make_stack_python(tmp_path / "next", (3, 14, 2))

    assert "- Using Python 3.13.18 from uv (this app's earlier builds)\n" in app.build().output


def test_statement_38_not_sticky_by_the_newer_rules(tmp_path: Path) -> None:
    """By the setting the app moves with the stack."""
    app = PythonApp(tmp_path, {"requirements.txt": ""}, **CNB)
    app.build()
    app.stack = make_stack_python(tmp_path / "next", (3, 14, 2))

    assert "- Using Python 3.14.2 from the stack (the stack's default)\n" in app.build().output


@pytest.mark.parametrize(
    ("contents", "error"),
    [
        ("", errors.NoVersionInFileError),
        ("# 3.13\n", errors.NoVersionInFileError),
        ("3.12\n3.13\n", errors.MultipleVersionsError),
        ("3.12\nlatest\n", errors.InvalidVersionFileError),
        ("3.x", errors.InvalidVersionFileError),
        ("python-3.13", errors.InvalidVersionFileError),
        ("'3.13'", errors.InvalidVersionFileError),
        ("3.13 # why", errors.InvalidVersionFileError),
        ("3.013", errors.InvalidVersionFileError),
        ("3.9", errors.EndOfLifeVersionError),
        ("2.7.18", errors.EndOfLifeVersionError),
        ("3.99", errors.UnknownVersionError),
        ("3.12.7", errors.UnknownVersionError),
    ],
)
def test_statement_38_errors(tmp_path: Path, contents: str, error: type[Exception]) -> None:
    """Each way in which a version can be wrong has its own error; all lines are looked at before they are counted."""
    app = PythonApp(tmp_path, {"requirements.txt": "", ".python-version": contents})

    assert type(failure(app).error) is error


@pytest.mark.parametrize("contents", ["3.13", "python-3.x", "python-3.9"])
def test_statement_38_errors_of_runtime_txt(tmp_path: Path, contents: str) -> None:
    """The errors of runtime.txt name it."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "runtime.txt": contents, ".python-version": "3.13"})

    assert "runtime.txt" in failure(app).output


@pytest.mark.parametrize("contents", ["not json", lock(python_version="3"), lock(python_full_version="3.12")])
def test_statement_38_errors_of_pipfile_lock(tmp_path: Path, contents: str) -> None:
    """A Pipfile.lock that cannot be read, or asks for no version, is an error."""
    assert "Pipfile.lock" in failure(PythonApp(tmp_path, {"Pipfile.lock": contents})).output.splitlines()[1]


def test_statement_38_warnings(tmp_path: Path) -> None:
    """A line near its end, and a release with a newer patch, are told."""
    app = PythonApp(tmp_path, {"requirements.txt": "", ".python-version": "3.10.22"})
    assert "! Warning: Python 3.10 gets its last security fixes in October 2026\n" in app.build().output

    app.write({".python-version": "3.12.8"})
    assert "! Warning: A patch update is available: Python 3.12." in app.build().output


@pytest.mark.parametrize(
    ("files", "advice"),
    [
        ({"requirements.txt": "", ".python-version": "3.9"}, "Change .python-version to '3.13'."),
        ({"requirements.txt": "", "runtime.txt": "python-3.9"}, "Delete runtime.txt, and put '3.13' into a file named"),
        ({"Pipfile.lock": lock(python_version="3.9")}, "Put 'python_version = \"3.13\"' under [requires] in Pipfile"),
        ({"requirements.txt": "", ".python-version": "3.99"}, "Change .python-version to '3.14'."),
    ],
)
def test_statement_38_errors_say_what_to_change(tmp_path: Path, files: dict[str, str], advice: str) -> None:
    """The way out is in the file that decides."""
    assert advice in failure(PythonApp(tmp_path, files)).output


def test_statement_39_runtime_txt_is_accepted(tmp_path: Path) -> None:
    """By the classic rules it works, with a warning, and beats .python-version."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "runtime.txt": "python-3.13", ".python-version": "3.12"})
    output = app.build().output

    assert "! Warning: The runtime.txt file is deprecated\n" in output
    assert "(runtime.txt)" in output


def test_statement_39_runtime_txt_is_an_error_by_the_newer_rules(tmp_path: Path) -> None:
    """By the setting it ends the build."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "runtime.txt": "python-3.13"}, **CNB)

    assert type(failure(app).error) is errors.RuntimeFileError


@pytest.mark.parametrize("other", ["Pipfile.lock", "poetry.lock", "uv.lock"])
def test_statement_40_two_package_managers(tmp_path: Path, other: str) -> None:
    """Two files that decide are an error with both of them."""
    output = failure(PythonApp(tmp_path, {"requirements.txt": "", other: ""})).output

    assert "requirements.txt (pip)" in output
    assert f"{other} (" in output


def test_statement_40_pipfile_without_lock(tmp_path: Path) -> None:
    """A Pipfile alone is an error of its own."""
    assert type(failure(PythonApp(tmp_path, {"Pipfile": ""})).error) is errors.PipfileWithoutLockError


def test_statement_41_uv_without_version(tmp_path: Path) -> None:
    """The error names uv's own command."""
    app = PythonApp(tmp_path, {"uv.lock": "", "pyproject.toml": ""})

    assert "uv python pin" in failure(app).output


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf3.13", "3.13".encode("utf-16"), b"3.13\xff"])
def test_statement_42_encoding(tmp_path: Path, data: bytes) -> None:
    """A byte order mark, UTF-16, and bytes that are no UTF-8 are told as such."""
    app = PythonApp(tmp_path, {"requirements.txt": "", ".python-version": data})

    assert type(failure(app).error) is errors.VersionFileEncodingError


@pytest.mark.parametrize("name", MISSPELLED)
def test_statement_42_misspelled(tmp_path: Path, name: str) -> None:
    """What people write instead of the name is quoted, so that even a space behind it is seen."""
    app = PythonApp(tmp_path, {"requirements.txt": "", name: "3.13"})

    assert f"Found '{name}', expected '.python-version'." in failure(app).output


def test_statement_43_pip(tmp_path: Path) -> None:
    """Pip gets Heroku's flags."""
    app = PythonApp(tmp_path, {"requirements.txt": "flask"})
    venv = app.build().layer("venv").path

    assert list(app.command("--requirement", "requirements.txt").argv[2:]) == [
        "install", "--requirement", "requirements.txt", "--exists-action=w", "--no-input", "--progress-bar", "off",
        "--src", f"{venv}/src", "--no-compile",
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "has"), [("3.11", True), ("3.12", True), ("3.13", False)])
def test_statement_43_setuptools(tmp_path: Path, version: str, *, has: bool) -> None:
    """Up to Python 3.12 the environment has setuptools 70.3.0, for packages that use it at run time."""
    app = PythonApp(tmp_path, {"requirements.txt": "", ".python-version": version})
    app.build()

    pins = [word for command in app.fakes.commands for word in command.argv if word.endswith("setuptools.txt")]
    assert bool(pins) is has
    assert all("setuptools==70.3.0 " in Path(word).read_text() for word in pins)


def test_statement_43_pipenv(tmp_path: Path) -> None:
    """Pipenv gets Heroku's flags and settings, works in the environment, and stays in the image."""
    app = PythonApp(tmp_path, {"Pipfile.lock": lock(), "Pipfile": ""})
    built = app.build()
    command = app.command("pipenv", "install")

    assert command.argv[1:] == ("install", "--deploy")
    assert {"PIPENV_SYSTEM": "1", "PIPENV_VERBOSITY": "-1", "PIPENV_NOSPIN": "1"}.items() <= command.environment.items()
    assert command.environment["VIRTUAL_ENV"] == str(built.layer("venv").path)
    assert command.environment["PIP_SRC"] == str(built.layer("venv").path / "src")
    assert built.layer("pipenv").layer.types.launch


def test_statement_43_poetry(tmp_path: Path) -> None:
    """Poetry gets Heroku's flags, works in the environment, and is not in the image."""
    app = PythonApp(tmp_path, {"poetry.lock": "", "pyproject.toml": ""})
    built = app.build()
    command = app.command("poetry", "sync")

    assert command.argv[1:] == ("sync", "--only", "main", "--no-ansi", "--no-interaction")
    assert command.environment["POETRY_VIRTUALENVS_CREATE"] == "false"
    assert command.environment["VIRTUAL_ENV"] == str(built.layer("venv").path)
    assert not built.layer("poetry").layer.types.launch


def test_statement_43_uv(tmp_path: Path) -> None:
    """Uv gets Heroku's flags and settings."""
    app = PythonApp(tmp_path, UV_APP)
    built = app.build()
    command = app.command("uv", "sync")

    assert command.argv[1:] == ("sync", "--locked", "--no-default-groups", "--no-progress")
    assert command.environment["UV_PROJECT_ENVIRONMENT"] == str(built.layer("venv").path)
    assert {
        "UV_NO_MANAGED_PYTHON": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": "hardlink"
    }.items() <= command.environment.items()  # fmt: skip


@pytest.mark.parametrize(
    ("files", "program", "expected"),
    [
        ({"requirements.txt": "", "requirements-test.txt": ""}, "python", "requirements-test.txt"),
        ({"Pipfile.lock": lock()}, "pipenv", "--dev"),
    ],
)
def test_statement_43_dependencies_for_tests(
    tmp_path: Path, files: dict[str, str], program: str, expected: str
) -> None:
    """A build for tests installs what tests need, too; another build does not."""
    app = PythonApp(tmp_path, files)
    app.build()
    assert not app.ran(program, expected)
    app.exec_env = "test"
    app.build().layer("venv").assert_rebuilt("groups of dependencies changed")

    assert app.ran(program, expected)


@pytest.mark.parametrize(
    ("files", "program", "left_out"),
    [
        ({"poetry.lock": ""}, "poetry", "--only"),
        (UV_APP, "uv", "--no-default-groups"),
    ],
)
def test_statement_43_groups_for_tests(tmp_path: Path, files: dict[str, str], program: str, left_out: str) -> None:
    """Poetry and uv install the default groups in a build for tests."""
    app = PythonApp(tmp_path, files)
    app.exec_env = "test"
    app.build()

    assert app.ran(program, "sync")
    assert not app.ran(program, "sync", left_out)


@pytest.mark.parametrize(
    ("files", "words", "command"),
    [
        (UV_APP, "The lockfile at `uv.lock` needs to be updated", "uv lock"),
        (
            {"poetry.lock": ""},
            "pyproject.toml changed significantly since poetry.lock was last generated",
            "poetry lock",
        ),
        ({"Pipfile.lock": lock()}, "Pipfile.lock is out-of-date. Run $ pipenv lock to update.", "pipenv lock"),
    ],
)
def test_statement_43_outdated_lock(tmp_path: Path, files: dict[str, str], words: str, command: str) -> None:
    """A lock file that is out of date fails the build, with the tool's own words and the command that mends it."""
    output = failure(PythonApp(tmp_path, files, FAKE_FAILURE=words)).output

    assert words in output
    assert f"Run '{command}'" in output


def test_statement_44_forbidden_settings(tmp_path: Path) -> None:
    """By the newer rules, each of the 28 settings ends the build, and the error lists all of them at once."""
    assert len(set(FORBIDDEN)) == 28
    error = failure(PythonApp(tmp_path, {"requirements.txt": ""}, **CNB, **dict.fromkeys(FORBIDDEN, "x"))).error

    assert isinstance(error, errors.ForbiddenSettingsError)
    assert list(error.names) == sorted(FORBIDDEN)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_statement_44_ignored_by_the_classic_rules(tmp_path: Path, name: str) -> None:
    """By the classic rules no tool sees such a setting, and the log says so."""
    app = PythonApp(tmp_path, {"requirements.txt": ""}, **{name: "/elsewhere"})

    assert f"! Warning: Ignoring {name}\n" in app.build().output
    assert all(command.environment.get(name) != "/elsewhere" for command in app.fakes.commands)


def test_statement_45_hooks(tmp_path: Path) -> None:
    """Hooks run although they are not executable, with the config vars, in their order: the first and the last."""
    app = PythonApp(tmp_path, {**DJANGO_APP, "bin/pre_compile": "", "bin/post_compile": ""}, GREETING="hello")
    output = app.build().output
    steps = [line for line in output.splitlines() if line.startswith("- ")]

    assert steps[0] == "- Running the hook bin/pre_compile"
    assert steps[-2:] == [
        "- Running 'python manage.py collectstatic --noinput --traceback'", "- Running the hook bin/post_compile",
    ]  # fmt: skip
    assert output.count("hook says hello") == 2
    assert all((app.app_dir / "bin" / name).stat().st_mode & 0o111 == 0o111 for name in ("pre_compile", "post_compile"))


@pytest.mark.parametrize("hook", ["bin/pre_compile", "bin/post_compile"])
def test_statement_45_failing_hook(tmp_path: Path, hook: str) -> None:
    """A hook that fails ends the build, with its name, its status and its last words."""
    caught = failure(PythonApp(tmp_path, {"requirements.txt": "", hook: ""}, FAKE_HOOK_STATUS="3"))

    assert type(caught.error) is HookFailedError
    assert f"! Error: The app's hook '{hook}' ended with status 3\n  hook says nothing\n" in caught.output


def test_statement_45_first_hook_may_write_what_the_build_reads(tmp_path: Path) -> None:
    """As on Heroku, nothing is decided before bin/pre_compile has run."""
    app = PythonApp(tmp_path, {"app.py": "", "bin/pre_compile": ""})

    assert type(failure(app).error) is errors.NoPackageManagerError
    assert app.ran("pre_compile")


@pytest.mark.parametrize(
    "name", ["PATH", "CPATH", "CPPATH", "LD_PRELOAD", "LIBRARY_PATH", "LD_LIBRARY_PATH", "PYTHONHOME"]
)
def test_statement_45_denied_config_vars(tmp_path: Path, name: str) -> None:
    """The config vars that would break programs of the build image do not reach the hooks; others do."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "bin/post_compile": ""}, **{name: "/mine"}, OTHER="/mine")
    app.build()
    environment = app.command("post_compile").environment

    assert "/mine" not in environment.get(name, "")
    assert environment["OTHER"] == "/mine"


def test_statement_45_hook_sees_python_and_its_package_manager(tmp_path: Path) -> None:
    """'python' and 'pip' in bin/post_compile are the app's, and neither leaves bytecode, which differs each time."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "bin/post_compile": ""})
    built = app.build()
    environment = app.command("post_compile").environment
    path = environment["PATH"].split(":")

    assert path.index(f"{built.layer('venv').path}/bin") < path.index(f"{built.layer('pip').path}/programs")
    assert path.index(f"{built.layer('pip').path}/programs") < path.index("/usr/bin")
    assert (environment["PYTHONDONTWRITEBYTECODE"], environment["PIP_NO_COMPILE"]) == ("1", "0")


def test_statement_45_newer_rules_have_no_hooks(tmp_path: Path) -> None:
    """By the setting hooks are left out, and the log says so."""
    app = PythonApp(tmp_path, {"requirements.txt": "", "bin/post_compile": ""}, **CNB)

    assert "- Leaving out the hook bin/post_compile, since OFFRAMP_PYTHON_RULES is cnb\n" in app.build().output
    assert not app.ran("post_compile")


@pytest.mark.parametrize(
    ("path", "runs"),
    [("manage.py", True), ("a/manage.py", True), ("a/b/manage.py", True), ("a/b/c/manage.py", False)],
)
def test_statement_46_depth(tmp_path: Path, path: str, *, runs: bool) -> None:
    """manage.py is found in the top level and in two levels of directories below."""
    app = PythonApp(tmp_path, {"requirements.txt": "django", path: ""})
    app.build()

    assert app.ran(path, "collectstatic", "--noinput", "--traceback") is runs


@pytest.mark.parametrize(("value", "runs"), [("1", False), ("true", False), ("false", False), ("0", True)])
def test_statement_46_switch(tmp_path: Path, value: str, *, runs: bool) -> None:
    """DISABLE_COLLECTSTATIC skips it, whatever it says but 0."""
    app = PythonApp(tmp_path, DJANGO_APP, DISABLE_COLLECTSTATIC=value)
    app.build()

    assert app.ran("collectstatic") is runs


def test_statement_46_old_switch(tmp_path: Path) -> None:
    """The file that turned it off in old apps still does, with a warning."""
    app = PythonApp(tmp_path, {**DJANGO_APP, ".heroku/collectstatic_disabled": ""})

    assert "! Warning: The file .heroku/collectstatic_disabled is deprecated\n" in app.build().output
    assert not app.ran("collectstatic")


@pytest.mark.parametrize("problem", ["broken", "no-staticfiles"])
def test_statement_46_failure(tmp_path: Path, problem: str) -> None:
    """A failure ends the build, also where the app has no static files; the error names the switch."""
    caught = failure(PythonApp(tmp_path, DJANGO_APP, FAKE_DJANGO=problem))

    assert type(caught.error) is errors.CollectStaticError
    assert "DISABLE_COLLECTSTATIC=1" in caught.output


def test_statement_46_debug_shows_names_and_no_values(tmp_path: Path) -> None:
    """DEBUG_COLLECTSTATIC tells which variables there are; Heroku shows what they hold, too."""
    output = (
        PythonApp(tmp_path, DJANGO_APP, DEBUG_COLLECTSTATIC="1", DATABASE_URL="postgres://x:hidden@y").build().output
    )

    assert "The environment has: " in output
    assert "DATABASE_URL" in output
    assert "hidden" not in output


def test_statement_46_default_pythonpath(tmp_path: Path) -> None:
    """PYTHONPATH is the app directory unless the user set it."""
    app = PythonApp(tmp_path, DJANGO_APP)
    app.build()
    assert app.command("collectstatic").environment["PYTHONPATH"] == "."

    (tmp_path / "other").mkdir()
    other = PythonApp(tmp_path / "other", DJANGO_APP, PYTHONPATH="lib")
    other.build()
    assert other.command("collectstatic").environment["PYTHONPATH"] == "lib"


def test_statement_47_without_staticfiles(tmp_path: Path) -> None:
    """By the newer rules Django is asked, and an app without static files is not a failure."""
    app = PythonApp(tmp_path, DJANGO_APP, **CNB, FAKE_DJANGO="no-staticfiles")

    assert "Skipping Django collectstatic, since 'django.contrib.staticfiles' is not in" in app.build().output


def test_statement_47_django_that_cannot_start(tmp_path: Path) -> None:
    """An app whose settings fail is told so."""
    app = PythonApp(tmp_path, DJANGO_APP, **CNB, FAKE_DJANGO="no-help")

    assert type(failure(app).error) is errors.DjangoHelpError


def test_statement_47_collects(tmp_path: Path) -> None:
    """An app with static files has them collected, whatever DISABLE_COLLECTSTATIC says."""
    app = PythonApp(tmp_path, DJANGO_APP, **CNB, DISABLE_COLLECTSTATIC="1")
    app.build()

    assert app.ran("manage.py", "collectstatic", "--noinput")


def test_statement_48_launch_environment() -> None:
    """The running app sees Heroku's list, but for PYTHONHOME, which would hide the virtual environment."""
    assert launch_environment(Path("/app"), Path("/layers/python/lib")).apply(Scope.LAUNCH, {}) == {
        "FORWARDED_ALLOW_IPS": "*",
        "GUNICORN_CMD_ARGS": "--access-logfile -",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": "/layers/python/lib",
        "LIBRARY_PATH": "/layers/python/lib",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": "/app",
        "PYTHONUNBUFFERED": "true",
    }


@pytest.mark.parametrize("name", ["PYTHONPATH", "GUNICORN_CMD_ARGS", "LANG"])
def test_statement_48_user_values_survive(name: str) -> None:
    """What the user sets stays."""
    env = launch_environment(Path("/app"), Path("/lib")).apply(Scope.LAUNCH, {name: "mine"})

    assert env[name] == "mine"


def test_statement_48_router_is_trusted() -> None:
    """FORWARDED_ALLOW_IPS is set whatever the user says, as on Heroku."""
    env = launch_environment(Path("/app"), Path("/lib")).apply(Scope.LAUNCH, {"FORWARDED_ALLOW_IPS": "10.0.0.1"})

    assert env["FORWARDED_ALLOW_IPS"] == "*"


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"], ids=["v2", "v1"])
@pytest.mark.parametrize(
    ("mebibytes", "cores", "expected"),
    [(512, 8, 2), (1024, 8, 4), (2560, 2, 5), (14336, 8, 17), (30720, 4, 9), (63488, 8, 17), (129024, 16, 33)],
)
def test_statement_49_sizes(tmp_path: Path, mebibytes: int, cores: int, expected: int, file: str) -> None:
    """The seven sizes give Heroku's numbers, and so they do with cgroup v2, where Heroku's script does nothing."""
    settings, _ = run_web_concurrency(tmp_path, cores, {file: str(mebibytes << 20)})

    assert (settings["DYNO_RAM"], settings["WEB_CONCURRENCY"]) == (str(mebibytes), str(expected))


@pytest.mark.parametrize("files", [{}, {"memory.max": "max"}, {"memory/memory.limit_in_bytes": "9223372036854771712"}])
def test_statement_49_without_limit(tmp_path: Path, files: dict[str, str]) -> None:
    """Without a memory limit the processors alone decide."""
    settings, _ = run_web_concurrency(tmp_path, 4, files)

    assert (settings.get("DYNO_RAM"), settings["WEB_CONCURRENCY"]) == (None, "9")


def test_statement_49_user_value_survives(tmp_path: Path) -> None:
    """A value of the user is kept, and nobody says that we set it."""
    settings, _ = run_web_concurrency(tmp_path, 4, {"memory.max": "536870912"}, WEB_CONCURRENCY="7")

    assert settings == {"DYNO_RAM": "512"}


@pytest.mark.parametrize(
    "files", [{"requirements.txt": ""}, {"Pipfile.lock": lock()}, {"poetry.lock": ""}, UV_APP],
    ids=["pip", "pipenv", "poetry", "uv"],
)  # fmt: skip
def test_statement_50_tools_make_reproducible_files(tmp_path: Path, files: dict[str, str]) -> None:
    """Tools work with a fixed time and hash seed, and compile nothing: bytecode is made by us, in a fixed order."""
    app = PythonApp(tmp_path, files)
    app.build()
    tool = next(
        command for command in app.fakes.commands if {"sync", "--deploy", "requirements.txt"} & set(command.argv)
    )

    assert {"SOURCE_DATE_EPOCH": "315532801", "PYTHONHASHSEED": "0"}.items() <= tool.environment.items()
    assert "--compile" not in tool.argv
    assert app.ran(precompile.__file__)


def test_statement_51_all_reasons_at_once(tmp_path: Path) -> None:
    """Stack, Python, package manager and the list of dependencies: everything that changed is said at once."""
    app = PythonApp(tmp_path, {"requirements.txt": "a"})
    app.build()
    app.target = app.target.__class__(os="linux", arch="arm64", distro=app.target.distro)
    (app.app_dir / "requirements.txt").unlink()
    app.write({"Pipfile.lock": lock(python_version="3.12")})
    reasons = app.build().layer("venv").reasons

    assert [reason.partition(" changed")[0] for reason in reasons] == [
        "Python version", "target", "package manager", "the list of dependencies",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "change"),
    [
        ({"requirements.txt": "a"}, {"requirements.txt": "b"}),
        ({"requirements.txt": "-r base.txt", "base.txt": "a"}, {"base.txt": "b"}),
        ({"Pipfile.lock": lock()}, {"Pipfile.lock": lock() + "\n"}),
    ],
    ids=["requirements.txt", "an included file", "Pipfile.lock"],
)
def test_statement_51_changed_dependencies(tmp_path: Path, files: dict[str, str], change: dict[str, str]) -> None:
    """The environment is made anew; Python stays."""
    app = PythonApp(tmp_path, files)
    app.build()
    app.write(change)
    built = app.build()

    built.layer("venv").assert_rebuilt("the list of dependencies changed")
    built.layer("python").assert_restored()


@pytest.mark.parametrize(("files", "name"), [({"poetry.lock": "1"}, "poetry.lock"), ({**UV_APP}, "uv.lock")])
def test_statement_51_changed_lock(tmp_path: Path, files: dict[str, str], name: str) -> None:
    """Poetry and uv, which Heroku lets reconcile, make the environment anew, too: as on an empty cache."""
    app = PythonApp(tmp_path, files)
    app.build()
    app.write({name: "2"})

    app.build().layer("venv").assert_rebuilt("the list of dependencies changed")
