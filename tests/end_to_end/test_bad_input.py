"""What a user gets wrong, one test per mistake: a clear error, the documented exit code, and no image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle_py.oci.layout_store import LayoutStore
from tests.support.offramp import APPS, Installation, installation

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("bad-input")]

USAGE, NOT_DETECTED, BUILD_FAILED = 2, 20, 51

# app → exit code and what the user has to read
BROKEN_APPS = {
    "nothing_to_detect": (NOT_DETECTED, ["No buildpack recognises this app", "requirements.txt", "'Procfile'"]),
    "procfile_only": (NOT_DETECTED, ["offramp/procfile@0.1.0: passes", "offramp/python@0.1.0 did not pass"]),
    "procfile_colliding_names": (NOT_DETECTED, ["No buildpack recognises this app"]),
    "python_broken_procfile": (BUILD_FAILED, ["Procfile", "line 2", "column", "^"]),
    "python_unknown_version": (BUILD_FAILED, ["Python 3.13.99 isn't available", "nearest", ".python-version"]),
    "python_invalid_version": (BUILD_FAILED, [".python-version"]),
    "python_missing_dependency": (
        BUILD_FAILED,
        ["No matching distribution found for offramp-package-that-does-not-exist==1.0", "requirements.txt"],
    ),
    "python_two_package_managers": (BUILD_FAILED, ["requirements.txt (pip)", "uv.lock (uv)"]),
    "python_no_package_manager": (BUILD_FAILED, ["app.py", "requirements.txt"]),
    "python_collectstatic_fails": (BUILD_FAILED, ["KeyError: 'DJANGO_SECRET_KEY'", "DISABLE_COLLECTSTATIC=1"]),
    "python_uv_outdated_lock": (BUILD_FAILED, ["The lockfile at `uv.lock` needs to be updated", "uv lock"]),
    "python_uv_without_version": (BUILD_FAILED, ["uv python pin"]),
    "python_poetry_outdated_lock": (
        BUILD_FAILED,
        ["changed significantly since poetry.lock was last generated", "Run 'poetry lock' in the app's directory"],
    ),
    "python_pipenv_outdated_lock": (
        BUILD_FAILED,
        ["Your Pipfile.lock", "is out of date", "Run 'pipenv lock' in the app's directory"],
    ),
    "python_hook_fails": (BUILD_FAILED, ["needs SOURCE_MAPS_URL", "hook 'bin/post_compile' ended with status 3"]),
    "python_setup_py_only": (BUILD_FAILED, ["setup.py alone", "requirements.txt"]),
    "python_misspelled_version_file": (BUILD_FAILED, ["Found '.python_version', expected '.python-version'"]),
    "python_end_of_life_version": (BUILD_FAILED, ["Python 3.8 has reached its end of life"]),
    "python_pipfile_without_lock": (BUILD_FAILED, ["Pipfile"]),
    "python_committed_venv": (BUILD_FAILED, ["virtual environment"]),
    "python_misspelled_requirements": (BUILD_FAILED, ["requirements.txt"]),
    "go_dep": (BUILD_FAILED, ["'Gopkg.lock' is of dep, which is no longer supported", "go mod init"]),
    "go_does_not_compile": (BUILD_FAILED, ["main.go:7:14: undefined: anwser", "Go 1.27.3 could not compile the app"]),
    "go_library": (BUILD_FAILED, ["The module 'example.com/kit' is a library: there is nothing to run"]),
    "go_sum_missing": (BUILD_FAILED, ["missing go.sum entry", "go mod tidy"]),
    "go_unknown_version": (BUILD_FAILED, ["There is no Go 1.99", "line 3 of go.mod", "1.27"]),
    "node_invalid_package_json": (BUILD_FAILED, ["package.json cannot be used, line 3: "]),
    "node_two_lock_files": (BUILD_FAILED, ["different package managers: package-lock.json, yarn.lock"]),
    "node_unknown_version": (BUILD_FAILED, ["There is no Node.js '24.99.x'", "nearest releases are: 24."]),
    "node_outdated_lock": (
        BUILD_FAILED,
        ["The lock file does not match package.json", "Missing: ms@2.1.3 from lock file", "commit the lock file"],
    ),
    "node_wrong_integrity": (BUILD_FAILED, ["A package is not the file that is locked; it was not installed"]),
    "node_build_fails": (BUILD_FAILED, ["The script 'build'", "CATALOGUE_URL is not set", "offramp build --env"]),
    "apt_hostile": (
        BUILD_FAILED,
        [
            "Aptfile, lines 2, 3, 4, 5, 6, 7, 8: this cannot be installed",
            "line 2: '-oAPT::Update::Pre-Invoke::=touch${IFS}/app/ran': an option of apt is no package",
            "line 7: ':repo:deb [trusted=yes] http://packages.example.org ./': the option 'trusted' is not supported",
            "line 8: 'https://packages.example.org/tool.deb#sha256=1234'",
        ],
    ),
}


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """An installation nobody builds anything useful in."""
    with installation() as one:
        yield one


@pytest.mark.parametrize("app", sorted(BROKEN_APPS))
def test_broken_app(app: str, offramp: Installation) -> None:
    """Each broken app fails with its own words and code, without a traceback of ours, and leaves no image."""
    code, words = BROKEN_APPS[app]
    done = offramp.run("build", APPS / app, "-t", "broken", code=code)

    for word in words:
        assert word in done.stderr
    assert "Internal error" not in done.stderr
    assert done.stdout == ""
    assert LayoutStore(offramp.places.images).find("broken:latest") is None


def test_every_app_of_the_fixtures_is_tested() -> None:
    """A fixture that no test names would rot."""
    tests = "".join(file.read_text() for file in Path(__file__).parents[1].rglob("*.py"))

    assert [] == [app.name for app in sorted(APPS.iterdir()) if app.is_dir() and f'"{app.name}"' not in tests]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "fixtures/apps/python_djang"], ["no such directory", "Did you mean 'fixtures/apps/python_django'?"]),
        (["build", "README.md"], ["it is a file, not a directory"]),
        (["build", "fixtures/apps/python_django", "-t", "Shop!"], ["'Shop!' is not an image name"]),
        (["build", "fixtures/apps/python_django", "-o", "tar:x"], ["'tar' is no kind of place", "oci-archive:FILE"]),
        (["build", "fixtures/apps/python_django", "--buildpack", "offramp/pyhton"], ["Did you mean 'offramp/python'?"]),
        (["build", "fixtures/apps/python_django", "-e", "NOT-A-NAME=1"], ["'NOT-A-NAME'", "NAME=value"]),
        (["build", "fixtures/apps/python_django", "-e", "UNSET_IN_THIS_SHELL"], ["this shell has none either"]),
        (["build", "fixtures/apps/python_django", "--env-file", "nowhere"], ["nowhere"]),
        (["build", "--nope"], ["No such option '--nope'"]),
        (["buidl"], ["No such command 'buidl'. Did you mean 'build'?"]),
        (["stack", "build", "debian-99"], ["There is no stack 'debian-99'", "debian-13"]),
    ],
)
def test_wrong_usage(arguments: list[str], words: list[str], offramp: Installation) -> None:
    """Wrong usage is told with the right form or the nearest name, and exits with 2."""
    done = offramp.run(*arguments, code=USAGE)

    for word in words:
        assert word in done.stderr


def test_unknown_image_is_named_with_the_nearest(offramp: Installation) -> None:
    """Every command that takes an image says that there is none of that name."""
    offramp.build("python_django", "shop")
    for command in ("run", "inspect", "translate"):
        done = offramp.run(command, "shpo", code=1)

        assert "There is no image 'shpo'" in done.stderr
        assert "Did you mean 'shop'?" in done.stderr


def test_value_of_a_malformed_variable_is_not_printed(offramp: Installation, tmp_path: Path) -> None:
    """An error about a variable names it and never shows what it holds."""
    (tmp_path / "env").write_text("GOOD=1\nbad name=hunter2\n")
    done = offramp.run("build", APPS / "python_django", "--env-file", tmp_path / "env", code=USAGE)

    assert f"{tmp_path / 'env'}:2" in done.stderr
    assert "hunter2" not in done.stderr


def test_empty_directory(offramp: Installation, tmp_path: Path) -> None:
    """An empty directory is no app."""
    assert "the directory is empty" in offramp.run("build", tmp_path, code=USAGE).stderr


def test_busy_port_is_told_before_the_app_starts(offramp: Installation) -> None:
    """``run`` on a port that is taken names a free-sounding neighbour instead of the app's own traceback."""
    import socket

    offramp.build("python_django", "shop")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = offramp.run("run", "shop", "--port", str(port), code=1)

    assert f"Cannot listen on port {port}" in done.stderr
    assert f"--port {port + 1}" in done.stderr


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--workspace", "app"], {}, "The app cannot be at 'app'"),
        (["--workspace", "/usr"], {}, "The app cannot be at '/usr'"),
        (["--metadata-file", "/nowhere/x.json"], {}, "Cannot write '/nowhere/x.json'"),
        (["-o", "oci-archive:/nowhere/x.tar"], {}, "Cannot write '/nowhere/x.tar'"),
        ([], {"SOURCE_DATE_EPOCH": "yesterday"}, "SOURCE_DATE_EPOCH is 'yesterday'"),
        ([], {"SOURCE_DATE_EPOCH": "99999999999999"}, "SOURCE_DATE_EPOCH is '99999999999999'"),
    ],
)
def test_impossible_wishes_are_told_before_the_build(
    options: list[str], environment: dict[str, str], words: str, offramp: Installation
) -> None:
    """What cannot be done at the end is refused at the beginning."""
    one = Installation(offramp.places, environment)
    done = one.run("build", "fixtures/apps/python_django", *options, code=USAGE)

    assert words in done.stderr
    assert "Preparing" not in done.stderr


def test_failure_is_the_last_json_line(offramp: Installation) -> None:
    """With ``--progress json`` every line of stderr is JSON, the failure included."""
    import json

    app = APPS / "nothing_to_detect"
    done = offramp.run("build", app, "--progress", "json", code=NOT_DETECTED)
    events = [json.loads(line) for line in done.stderr.splitlines()]

    assert events[-1]["kind"] == "error"
    assert events[-1]["code"] == NOT_DETECTED
    assert events[-1]["fix"]


def test_cache_that_cannot_be_written_is_a_warning(offramp: Installation) -> None:
    """The image is built all the same."""
    done = offramp.run("build", APPS / "python_django", "-t", "shop", "--cache", "/proc/no-place-for-a-cache")

    assert "Nothing is kept for the next build" in done.stderr


def test_reference_that_a_build_prints_names_the_image(offramp: Installation) -> None:
    """What stdout of a build says can be given to every other command."""
    reference = offramp.run("build", APPS / "python_django", "-t", "shop").stdout.strip()

    assert reference in offramp.run("inspect", reference).stdout


def test_layout_of_several_images_asks_for_a_name(offramp: Installation, tmp_path: Path) -> None:
    """``oci:DIR`` alone is enough for one image; for several the names are listed."""
    layout = f"oci:{tmp_path / 'layout'}"
    offramp.run("build", APPS / "python_django", "-t", "a", "-t", "b", "-o", layout)
    done = offramp.run("inspect", layout, code=USAGE)

    assert "holds 2 images" in done.stderr
    assert "a:latest, b:latest" in done.stderr
