"""Packages from an index with a password, by every package manager: they arrive, and the password stays out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from buildpacks.python.layers.tools import pins_of
from lifecycle_py.oci.compression import open_uncompressed
from tests.support.offramp import Installation, installation
from tests.support.private_index import MODULE, PACKAGE, PrivateIndex, private_index
from tests.support.trees import write_tree

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("python-private-index")]

Lock = Callable[[Path, PrivateIndex], Mapping[str, str]]
PROCFILE = f"web: python -c 'import {MODULE}; print({MODULE}.GREETING)'\n"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poetry and Pipenv, each in an environment of its own, as the buildpack pins them."""
    directory = tmp_path_factory.mktemp("tools")
    for tool in ("poetry", "pipenv"):
        python = directory / tool / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory / tool], check=True)
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--require-hashes", "--no-deps")
        subprocess.run([*pip, "--requirement", pins_of(tool)], check=True)
    return directory


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


def _run(app: Path, *command: str | Path, **environment: str) -> None:
    subprocess.run(command, cwd=app, check=True, capture_output=True, env={**os.environ, **environment})


def _pip(app: Path, index: PrivateIndex, _tools: Path) -> dict[str, str]:
    """Name the index in a config var, the only one that reaches pip on Heroku."""
    write_tree(app, {"requirements.txt": f"{PACKAGE}==1.0\n"})
    return {"PIP_EXTRA_INDEX_URL": index.secret_address}


def _uv(app: Path, index: PrivateIndex, _tools: Path) -> dict[str, str]:
    """Name the index in the project, its password in config vars."""
    project = (
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["{PACKAGE}"]\n'
        f'[tool.uv]\npackage = false\n[[tool.uv.index]]\nname = "private"\nurl = "{index.address}"\n'
    )
    write_tree(app, {"pyproject.toml": project, ".python-version": "3.13\n"})
    environ = {"UV_INDEX_PRIVATE_USERNAME": index.user, "UV_INDEX_PRIVATE_PASSWORD": index.password}
    _run(app, Path(sys.executable).parent / "uv", "lock", "--python", sys.executable, **environ)
    return environ


def _poetry(app: Path, index: PrivateIndex, tools: Path) -> dict[str, str]:
    """Name the index in the project, its password in config vars."""
    project = (
        f'[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["{PACKAGE}"]\n'
        f'[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "private"\nurl = "{index.address}"\n'
        'priority = "primary"\n'
    )
    write_tree(app, {"pyproject.toml": project})
    environ = {"POETRY_HTTP_BASIC_PRIVATE_USERNAME": index.user, "POETRY_HTTP_BASIC_PRIVATE_PASSWORD": index.password}
    _run(app, tools / "poetry" / "bin" / "poetry", "lock", "--no-interaction", **environ)
    return environ


def _pipenv(app: Path, index: PrivateIndex, tools: Path) -> dict[str, str]:
    """Name the index in the Pipfile, with variables for the password, as Pipenv's documentation has it."""
    address = index.address.replace("://", "://${INDEX_USER}:${INDEX_PASSWORD}@")
    pipfile = f'[[source]]\nname = "private"\nurl = "{address}"\nverify_ssl = false\n[packages]\n{PACKAGE} = "*"\n'
    write_tree(app, {"Pipfile": pipfile})
    environ = {"INDEX_USER": index.user, "INDEX_PASSWORD": index.password}
    _run(app, tools / "pipenv" / "bin" / "pipenv", "lock", "--python", sys.executable, **environ, PIP_FIND_LINKS="")
    return environ


@pytest.mark.parametrize("describe", [_pip, _uv, _poetry, _pipenv], ids=["pip", "uv", "poetry", "pipenv"])
def test_password_of_an_index_stays_out(
    describe: Callable[[Path, PrivateIndex, Path], dict[str, str]], offramp: Installation, tools: Path, tmp_path: Path
) -> None:
    """The package of the private index runs; its password is in no log, no layer, no image and no cache."""
    app = write_tree(tmp_path / "app", {"Procfile": PROCFILE})
    with private_index() as index:
        environ = describe(app, index, tools)
        index.asked.clear()
        options = [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
        done = offramp.run("build", app, "-t", "private", *options)
        log = (done.stdout + done.stderr).encode()

        assert any(path.endswith(".whl") for path in index.asked)
    assert offramp.run("run", "private").stdout == "hello from the private index\n"
    assert [] == [secret for secret in index.secrets if secret in log]
    assert [] == list(_files_with(offramp, index.secrets))
    assert list(_files_with(offramp, (b"hello from the private index",))), "the search finds what is there"


def _files_with(offramp: Installation, texts: tuple[bytes, ...]) -> Iterator[str]:
    """Search everything that an installation keeps, whatever it is compressed with."""
    for place in (offramp.places.data, offramp.places.cache):
        for file in sorted(place.rglob("*")):
            if not file.is_file() or file.is_symlink() or file.is_relative_to(offramp.places.roots):
                continue
            with file.open("rb") as stored, open_uncompressed(stored) as plain:
                data = plain.read()
            if any(text in data for text in texts):
                yield str(file)
