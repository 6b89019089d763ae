"""A repository of two languages: who decides which of them builds it, and both together in one image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.offramp import Installation, copy_app, free_port, get, installation
from tests.support.package_proxy import package_proxy

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("polyglot")]

APP = "polyglot_python_go"
IMAGE = "polyglot"  # the same for all, so that what one build installs is there for the next
BOTH = '{"buildpacks": [{"url": "https://github.com/heroku/heroku-buildpack-go#v200"}, {"url": "heroku/python"}]}'
GO_ALONE = '[[io.buildpacks.group]]\nid = "offramp/go"\n'


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with package_proxy() as proxy, installation(**proxy.environ) as one:
        yield one


def page(offramp: Installation, name: str, path: str = "/") -> str:
    """Ask the running image."""
    port = free_port()
    with offramp.running(name, port=port):
        return get(f"http://127.0.0.1:{port}{path}")[1]


def test_builder_s_order_builds_python(offramp: Installation) -> None:
    """Left to the builder, Python comes before Go, and the log says that the order decides."""
    done = offramp.run("build", Path("fixtures/apps") / APP, "-t", IMAGE)

    assert "Buildpacks: the first group of the builder's order that passes" in done.stderr
    assert "(no Go here), by Python 3" in page(offramp, IMAGE)


def test_app_json_builds_both(offramp: Installation, tmp_path: Path) -> None:
    """Heroku's list builds one after the other into one image; the Procfile is read although it is not listed."""
    app = copy_app(APP, tmp_path / "app")
    (app / "app.json").write_text(BOTH)
    done = offramp.run("build", app, "-t", IMAGE)

    assert "heroku/python, as app.json says" in done.stderr
    assert "a-repository-of-two-languages, by Python 3" in page(offramp, IMAGE)


def test_project_toml_builds_go_alone(offramp: Installation, tmp_path: Path) -> None:
    """project.toml is exact, and passes app.json over: no Python, and Go's own process is the default."""
    app = copy_app(APP, tmp_path / "app")
    (app / "app.json").write_text(BOTH)
    (app / "project.toml").write_text(GO_ALONE)
    (app / "Procfile").unlink()
    done = offramp.run("build", app, "-t", IMAGE)

    assert "Buildpacks: offramp/go, as project.toml says (app.json not used)" in done.stderr
    assert page(offramp, IMAGE, "/?title=Hello+There") == "hello-there, by Go\n"


def test_command_line_wins(offramp: Installation, tmp_path: Path) -> None:
    """What is asked for at the command line counts, whatever the app's files say."""
    app = copy_app(APP, tmp_path / "app")
    (app / "project.toml").write_text(GO_ALONE)
    done = offramp.run("build", app, "-t", IMAGE, "--buildpack", "offramp/python", "--buildpack", "heroku/procfile")

    assert "offramp/python, heroku/procfile, as --buildpack says (project.toml not used)" in done.stderr
    assert "by Python 3" in page(offramp, IMAGE)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({".buildpacks": "heroku/python\nheroku/pyhton\n"}, "'heroku/pyhton'"),
        ({"app.json": '{"buildpacks": [\n{"url": "/etc"}]}'}, "app.json:2 may not name '/etc'"),
        ({"app.json": "{"}, "app.json:1 cannot be used"),
        ({"project.toml": "[io.buildpacks]\nexlude = ['a']\n"}, "did you mean 'exclude'"),
        ({"project.toml": "[io.buildpacks\n"}, "project.toml"),
    ],
)
def test_wrong_lists_are_explained(offramp: Installation, tmp_path: Path, files: dict[str, str], words: str) -> None:
    """A list that cannot be obeyed ends the build before it begins, with the file and the line."""
    app = copy_app(APP, tmp_path / "app")
    for name, text in files.items():
        (app / name).write_text(text)
    done = offramp.run("build", app, "-t", "wrong", code=None)

    assert done.code in {1, 2}
    assert words.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
