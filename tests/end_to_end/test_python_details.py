"""Details of Python builds that only a real build shows: editable installs, hooks, NLTK's data, another Python."""

from __future__ import annotations

import functools
import http.server
import io
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.offramp import Installation, installation
from tests.support.python_mirror import python_mirror
from tests.support.trees import write_tree

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("python-details")]

EXTENSION = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_fast(void) {
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddIntConstant(made, "ANSWER", 42) < 0) return NULL;
    return made;
}
"""
NLTK_INDEX = """<?xml version="1.0"?>
<nltk_data><packages>
<package id="tiny" name="Tiny" subdir="corpora" unzip="1" size="{size}" unzipped_size="{size}" checksum="{checksum}"
 url="{address}/tiny.zip"/>
</packages><collections></collections></nltk_data>
"""


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


@contextmanager
def _served(directory: Path) -> Iterator[str]:
    """Serve a directory on the loopback interface."""
    handler = functools.partial(_QuietHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _python(offramp: Installation, name: str, script: str) -> str:
    """Run a script in the app's environment."""
    return offramp.run("run", name, "--", "python", "-c", script).stdout


def _twice(app: Path, name: str, offramp: Installation, *options: str) -> tuple[str, str]:
    """Build an app on two fresh caches; gives both digests. The first installation keeps the image."""
    first = str(offramp.build(app, name, *options)["digest"])
    with installation() as other:
        return first, str(other.build(app, name, *options)["digest"])


def _repository(directory: Path, tree: Mapping[str, str]) -> str:
    """Make a repository that plain HTTP can serve; gives its commit."""
    work = write_tree(directory / "work", tree)
    git = ("git", "-C", str(work), "-c", "user.name=x", "-c", "user.email=x@example.test")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run([*git, *command], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(directory / "lib.git")], check=True)
    subprocess.run(["git", "-C", str(directory / "lib.git"), "update-server-info"], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def test_editable_install_of_a_repository(offramp: Installation, tmp_path: Path) -> None:
    """``-e git+…`` lands in the layer without its history, is found at run time, and gives the same bytes twice."""
    setup = "from setuptools import setup\nsetup(name='greet', version='1', py_modules=['greet'])\n"
    commit = _repository(tmp_path, {"setup.py": setup, "greet.py": "WORD = 'hello'\n"})
    with _served(tmp_path) as address:
        requirement = f"-e git+{address}/lib.git@{commit}#egg=greet\n"
        app = write_tree(tmp_path / "app", {"requirements.txt": requirement, "Procfile": "web: python -m greet\n"})
        first, second = _twice(app, "editable-repository", offramp)

    script = "import greet, os; print(greet.WORD, greet.__file__, os.listdir(os.path.dirname(greet.__file__)))"
    shown = _python(offramp, "editable-repository", script)
    assert shown.startswith("hello /layers/offramp_python/venv/src/greet/greet.py")
    assert ".git'" not in shown
    assert first == second


def test_editable_install_of_the_app(offramp: Installation, tmp_path: Path) -> None:
    """``-e .`` with an extension compiled in place: it is in the image of the first build and of the next."""
    setup = (
        "from setuptools import Extension, setup\n"
        "setup(name='app', version='1', py_modules=['app'], ext_modules=[Extension('fast', ['fast.c'])])\n"
    )
    files = {"requirements.txt": "-e .\n", "setup.py": setup, "app.py": "import fast\n", "fast.c": EXTENSION}
    app = write_tree(tmp_path / "app", {**files, "Procfile": "web: python -m app\n"})
    first, second = _twice(app, "editable-app", offramp)
    again = offramp.build(app, "editable-app")

    assert "42 /app/app.py\n" == _python(offramp, "editable-app", "import app; print(app.fast.ANSWER, app.__file__)")
    assert first == second == again["digest"]
    left = offramp.run("run", "editable-app", "--", "find", "/app", "-name", "*.egg-info", "-o", "-name", "build")
    assert left.stdout == ""


def test_hooks_do_their_work(offramp: Installation, tmp_path: Path) -> None:
    """A hook may write what the build reads, and install with pip; the image is the same twice, also from a cache."""
    app = write_tree(
        tmp_path / "app",
        {
            "app.py": "",
            "Procfile": "web: python app.py\n",
            "bin/pre_compile": "#!/bin/sh\nset -e\necho 'blinker==1.9.0' > requirements.txt\n",
            "bin/post_compile": '#!/bin/sh\nset -e\npip install -q itsdangerous==2.2.0\npython -c "import blinker"\n'
            'echo "$RELEASE" > release.txt\n',
        },
    )
    first, second = _twice(app, "hooked", offramp, "-e", "RELEASE=r1")
    again = offramp.run("build", app, "-t", "hooked", "-e", "RELEASE=r1", "--progress", "json")

    shown = _python(offramp, "hooked", "import blinker, itsdangerous; print(open('release.txt').read())")
    assert shown == "r1\n\n"
    assert first == second == again.metadata()["digest"]
    assert "Using cached dependencies" in again.stderr


def test_nltk_data(offramp: Installation, tmp_path: Path) -> None:
    """What nltk.txt names is downloaded from the index of the setting, kept in a layer, and found at run time."""
    import hashlib

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("tiny/words", "tea\nmilk\n")
    data = archive.getvalue()
    served = tmp_path / "index"
    served.mkdir()
    (served / "tiny.zip").write_bytes(data)
    checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
    app = write_tree(
        tmp_path / "app",
        {"requirements.txt": "nltk==3.9.2\n", "nltk.txt": "tiny\n", "Procfile": "web: python app.py\n"},
    )
    with _served(served) as address:
        (served / "index.xml").write_text(NLTK_INDEX.format(size=len(data), checksum=checksum, address=address))
        options = ("-e", f"OFFRAMP_NLTK_INDEX={address}/index.xml")
        offramp.build(app, "reader", *options)
        (served / "index.xml").unlink()
        again = offramp.run("build", app, "-t", "reader", *options)

    assert "Using cached data for NLTK" in again.stderr
    script = "import nltk.data; print(nltk.data.load('corpora/tiny/words', format='raw').split())"
    assert _python(offramp, "reader", script) == "[b'tea', b'milk']\n"


def test_another_python(offramp: Installation, tmp_path: Path) -> None:
    """A Python from uv has setuptools up to 3.12, and shows its libraries as Heroku's does."""
    app = write_tree(
        tmp_path / "app", {"requirements.txt": "", ".python-version": "3.11\n", "Procfile": "web: python app.py\n"}
    )
    with python_mirror() as index:
        offramp.build(app, "older", "-e", f"UV_PYTHON_DOWNLOADS_JSON_URL={index}")

    script = (
        "import os, sys, setuptools; print(sys.version_info[:2], setuptools.__version__, os.environ['LIBRARY_PATH'])"
    )
    shown = _python(offramp, "older", script)
    assert shown.startswith("(3, 11) 70.3.0 /layers/offramp_python/python/cpython-3.11.")
    assert sorted(offramp.run("run", "older", "--", "ls", "-A", "/app").stdout.split()) == [
        ".python-version", "Procfile", "requirements.txt",
    ]  # fmt: skip


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
