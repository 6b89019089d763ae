"""The Python buildpack as a lifecycle sees it; programs are fakes, the stack's Python is a small one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.python import errors
from buildpacks.python.django import find_manage_script
from buildpacks.sdk import ExplainedError
from buildpacks.sdk.testing import BuildFailedError
from tests.support.python_app import PythonApp as App
from tests.support.python_app import make_stack_python

FIXTURES = Path(__file__).parents[4] / "fixtures" / "apps"


@pytest.mark.parametrize("name", ["requirements.txt", "app.py", "Pipfile", "venv/", "requirments.txt", "uv.lock"])
def test_detect(tmp_path: Path, name: str) -> None:
    """Anything that looks like Python passes."""
    assert App(tmp_path, {name: ""}).detect().passed


def test_detect_fails(tmp_path: Path) -> None:
    """Other apps do not, and learn what was looked for."""
    detection = App(tmp_path, FIXTURES / "nothing_to_detect").detect()

    assert not detection.passed
    assert "no requirements.txt, uv.lock" in detection.output


def test_build_with_pip(tmp_path: Path) -> None:
    """The first build installs everything; the log tells it step by step."""
    app = App(tmp_path, {"requirements.txt": "flask"})

    built = app.build()

    built.layer("python").assert_rebuilt()
    built.layer("venv").assert_rebuilt()
    assert built.output == (
        "Python\n"
        "- Using Python 3.13.5 from the stack (the stack's default)\n"
        "- Installing Python 3.13.5\n"
        "- Installing pip 26.3\n"
        "- Installing dependencies with pip 26.3\n"
    )
    pip = next(command for command in app.fakes.commands if "requirements.txt" in command.argv)
    assert " ".join(pip.argv[2:9]) == (
        "install --requirement requirements.txt --exists-action=w --no-input --progress-bar off"
    )
    assert pip.environment["SOURCE_DATE_EPOCH"] == "315532801"
    sbom = json.loads(built.layer("venv").layer.sboms["cdx.json"])
    assert sbom["components"][0]["purl"] == "pkg:pypi/flask@1.0"


def test_build_unchanged_runs_nothing(tmp_path: Path) -> None:
    """A second build of the same app restores every layer and runs no program at all."""
    app = App(tmp_path, {"requirements.txt": "flask"})
    app.build()
    app.fakes.commands.clear()

    built = app.build()

    for name in ("python", "venv", "pip", "pip-cache"):
        built.layer(name).assert_restored()
    assert app.fakes.lines == []
    assert built.output == (
        "Python\n"
        "- Using Python 3.13.5 from the stack (this app's earlier builds)\n"
        "- Using cached Python 3.13.5\n"
        "- Using cached dependencies\n"
    )


def test_build_changed_requirements(tmp_path: Path) -> None:
    """Changed requirements rebuild the environment, and nothing else."""
    app = App(tmp_path, {"requirements.txt": "flask"})
    app.build()
    app.write({"requirements.txt": "django"})

    built = app.build()

    built.layer("python").assert_restored()
    built.layer("venv").assert_rebuilt("the list of dependencies changed")
    assert "- Discarding cached dependencies since:\n  - the list of dependencies changed\n" in built.output
    assert not (built.layer("venv").path / "lib/python3.13/site-packages/flask").exists()


def test_build_rebuilt_stack_python(tmp_path: Path) -> None:
    """A security update of the stack's Python replaces the copy, although its version stays."""
    app = App(tmp_path, {"requirements.txt": ""})
    app.build()
    app.stack = make_stack_python(tmp_path / "usr2", build="Sep 1")

    built = app.build()

    built.layer("python").assert_rebuilt("the build of the stack's Python changed")
    built.layer("venv").assert_restored()


def test_build_all_reasons_at_once(tmp_path: Path) -> None:
    """Everything that discards the cache is said at once."""
    app = App(tmp_path, {"requirements.txt": "a"})
    app.build()
    app.write({"requirements.txt": "b", ".python-version": "3.12"})

    assert app.build().layer("venv").reasons == [
        "Python version changed from 3.13.5 to 3.12.9",
        "the list of dependencies changed",
    ]


def test_build_managed_python(tmp_path: Path) -> None:
    """Another release line comes from uv, the newest it knows; the choice is remembered."""
    app = App(tmp_path, {"requirements.txt": "", ".python-version": "3.12\n"})

    built = app.build()

    assert "- Using Python 3.12.9 from uv (.python-version)\n" in built.output
    assert sorted(path.name for path in built.layer("python").path.iterdir() if path.is_dir()) == [
        "bin", "cpython-3.12.9", "env.build", "env.launch", "exec.d",
    ]  # fmt: skip
    app.fakes.commands.clear()
    app.build().layer("python").assert_restored()
    assert app.fakes.lines == []


def test_build_with_uv(tmp_path: Path) -> None:
    """Uv gets Heroku's flags and an environment that keeps it inside the layer; a changed lock makes the layer anew."""
    app = App(tmp_path, {"uv.lock": "1", "pyproject.toml": "", ".python-version": "3.13"}, UV_PYTHON_DOWNLOADS="always")

    built = app.build()

    assert "! Warning: Ignoring UV_PYTHON_DOWNLOADS\n" in built.output
    uv = app.fakes.commands[-2]
    assert uv.argv[1:] == ("sync", "--locked", "--no-default-groups", "--no-progress")
    assert uv.environment["UV_PROJECT_ENVIRONMENT"] == str(built.layer("venv").path)
    assert uv.environment["UV_PYTHON_DOWNLOADS"] == "never"
    app.write({"uv.lock": "2"})
    app.build().layer("venv").assert_rebuilt("the list of dependencies changed")


def test_build_local_source(tmp_path: Path) -> None:
    """A dependency inside the app is installed anew when its source changed, and only then."""
    app = App(tmp_path, {"requirements.txt": "./lib", "lib/setup.py": "1", "app.py": "1"})
    app.build()
    app.write({"app.py": "2"})
    app.build().layer("venv").assert_restored()
    app.write({"lib/setup.py": "2"})

    app.build().layer("venv").assert_rebuilt("the app's own source of a dependency changed")


def test_build_leaves_no_by_products_in_the_source(tmp_path: Path) -> None:
    """What compiling a dependency leaves beside its source is removed; the next build would not make it again."""
    files = {"requirements.txt": "./lib", "lib/setup.py": ""}
    app = App(tmp_path, files, FAKE_BUILD_LEAVES="lib/build/x.o x.egg-info/y")

    assert "Left in the app's source" not in app.build().output
    assert sorted(path.name for path in app.app_dir.rglob("*")) == ["lib", "requirements.txt", "setup.py"]
    app.build().layer("venv").assert_restored()


def test_build_that_writes_into_the_source_runs_again(tmp_path: Path) -> None:
    """A module that installing compiles in place belongs to the app; it has to be made again for the next image."""
    app = App(tmp_path, {"requirements.txt": "-e .", "setup.py": ""}, FAKE_BUILD_LEAVES="fast.so")

    assert "Left in the app's source: fast.so" in app.build().output
    app.build().layer("venv").assert_rebuilt("installing them also writes into the app's source")


def test_build_runtime_txt_warns(tmp_path: Path) -> None:
    """runtime.txt works, with a warning."""
    app = App(tmp_path, {"requirements.txt": "", "runtime.txt": "python-3.13.5"})

    assert "! Warning: The runtime.txt file is deprecated\n" in app.build().output


def test_build_missing_dependency(tmp_path: Path) -> None:
    """Pip's own message is shown, without credentials, and with what to do."""
    with pytest.raises(BuildFailedError) as caught:
        App(tmp_path, {"requirements.txt": "missing"}).build()

    assert "    ERROR: No matching distribution found for missing\n! Error: pip couldn't install" in caught.value.output
    assert "https://***@index.test" in caught.value.output
    assert "1. Check the name and version in requirements.txt" in caught.value.output


def test_collect_static(tmp_path: Path) -> None:
    """Django's static files are collected in an environment that leaves no bytecode in the app."""
    app = App(tmp_path, {"requirements.txt": "django", "src/manage.py": ""})

    assert "- Running 'python src/manage.py collectstatic --noinput --traceback'\n" in app.build().output
    assert app.fakes.commands[-1].environment["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.parametrize(("value", "runs"), [("1", False), ("false", False), ("0", True)])
def test_collect_static_disabled(tmp_path: Path, value: str, *, runs: bool) -> None:
    """DISABLE_COLLECTSTATIC turns it off, whatever it says but 0."""
    app = App(tmp_path, {"requirements.txt": "django", "manage.py": ""}, DISABLE_COLLECTSTATIC=value)

    assert ("Running 'python manage.py collectstatic" in app.build().output) is runs


def test_collect_static_fails(tmp_path: Path) -> None:
    """A failure fails the build, with Django's words and the ways out."""
    with pytest.raises(BuildFailedError, match="DISABLE_COLLECTSTATIC=1"):
        App(tmp_path, {"requirements.txt": "django", "manage.py": ""}, FAKE_DJANGO="broken").build()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["manage.py", "a/manage.py"], "manage.py"),
        (["b/manage.py", "a/x/manage.py"], "b/manage.py"),
        (["a/b/c/manage.py", "node_modules/manage.py"], None),
    ],
)
def test_find_manage_script(tmp_path: Path, files: list[str], expected: str | None) -> None:
    """The nearest manage.py is taken, at most two directories deep."""
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()

    assert find_manage_script(tmp_path) == (tmp_path / expected if expected else None)


@pytest.mark.parametrize(
    ("fixture", "error"),
    [
        ("python_unknown_version", errors.UnknownVersionError),
        ("python_invalid_version", errors.InvalidVersionFileError),
        ("python_two_package_managers", errors.MultiplePackageManagersError),
        ("python_no_package_manager", errors.NoPackageManagerError),
        ("python_misspelled_requirements", errors.NoPackageManagerError),
        ("python_pipfile_without_lock", errors.PipfileWithoutLockError),
        ("python_uv_without_version", errors.UvNeedsVersionFileError),
        ("python_committed_venv", errors.CommittedVenvError),
    ],
)
def test_broken_fixtures(tmp_path: Path, fixture: str, error: type[ExplainedError]) -> None:
    """Each broken app fails with its own error, which says what, why, and what to do, before anything is installed."""
    with pytest.raises(BuildFailedError) as caught:
        App(tmp_path, FIXTURES / fixture).build()

    assert type(caught.value.error) is error
    explanation = caught.value.error.explain()
    assert "\n" not in explanation.what
    assert explanation.why
    assert explanation.fix


def test_no_package_manager_lists_the_directory(tmp_path: Path) -> None:
    """The error shows what is in the top level directory."""
    with pytest.raises(BuildFailedError, match=r"which contains:\n  app[.]py\n  notes[.]md"):
        App(tmp_path, {"app.py": "", "notes.md": ""}).build()


@pytest.mark.parametrize("pack", ["python", "procfile"])
def test_programs_are_one_file(pack: str) -> None:
    """Both phases of a buildpack are the same program, told apart by name, and may be executed."""
    bin_dir = FIXTURES.parents[1] / "buildpacks" / pack / "bin"

    assert (bin_dir / "detect").read_bytes() == (bin_dir / "build").read_bytes()
    assert all((bin_dir / name).stat().st_mode & 0o111 == 0o111 for name in ("detect", "build"))
