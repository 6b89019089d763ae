"""Real Python apps through their whole cycle, one per package manager, and one with C extensions from source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, answers, replace_in
from tests.support.offramp import free_port, get

pytestmark = pytest.mark.end_to_end

PYTHON, DEPENDENCIES = "offramp/python: python", "offramp/python: venv"


def _json(url: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(get(url)[1])
    return document


def _post(url: str, text: str) -> dict[str, Any]:
    get(url.rpartition("/")[0] + "/healthz")  # waits until it listens
    with urllib.request.urlopen(urllib.request.Request(url, text.encode()), timeout=10) as answer:  # noqa: S310 - loopback
        document: dict[str, Any] = json.loads(answer.read())
        return document


def _add_comment(app: Path) -> None:
    with (app / "requirements.txt").open("a") as requirements:
        requirements.write("# a comment changes the file's bytes\n")


def _lock_another_uvicorn(app: Path) -> None:
    """Move to an older uvicorn, and leave out a package of the old lock, as uv itself would write it."""
    replace_in("pyproject.toml", '"uvicorn>=0.34"', '"uvicorn==0.51.0", "blinker>=1.9"')(app)
    uv = Path(sys.executable).parent / "uv"
    subprocess.run(
        [uv, "lock", "--quiet", "--python", sys.executable],
        cwd=app,
        check=True,
        env={**os.environ, "UV_FIND_LINKS": ""},
    )


@pytest.mark.xdist_group("python-apt-package")
class TestDebianPackage(AppCycle):
    """Python calls a C library that an Aptfile asks for: two buildpacks, one image."""

    case: ClassVar[AppCase] = AppCase(
        app="python_apt_package",
        ask=answers("/?text=offramp", "\u2588\u2588\u2588\u2588\u2588\u2588\u2588"),
        edit=replace_in("app.py", 'return "ok"', 'return "fine"'),
        ask_edited=answers("/healthz", "fine"),
        depend=replace_in("Aptfile", "libqrencode4\n", "libqrencode4\nlibonig5\n"),
        kept=("offramp/apt: packages", PYTHON, DEPENDENCIES),
    )


@pytest.mark.xdist_group("python-django")
class TestDjangoWithPip(AppCycle):
    """Django with static files, migrations and a PostgreSQL driver; more about this app in test_django_shop.py."""

    case: ClassVar[AppCase] = AppCase(
        app="python_django",
        ask=answers("/", "The tea shop"),
        edit=replace_in("catalog/views.py", 'HttpResponse("ok"', 'HttpResponse("fine"'),
        ask_edited=answers("/healthz", "fine"),
        depend=_add_comment,
        kept=(PYTHON, DEPENDENCIES),
    )

    def test_driver_of_postgresql_works(self, cycle: Cycle) -> None:
        """DATABASE_URL leads Django to PostgreSQL, whose compiled driver is in the image; here nobody listens."""
        address = f"postgres://shop:pw@127.0.0.1:{free_port()}/shop"
        done = cycle.offramp.run(
            "run", cycle.case.name, "-e", f"DATABASE_URL={address}", "--", "python", "manage.py", "migrate", code=1
        )

        assert "psycopg.OperationalError" in done.stderr
        assert "Connection refused" in done.stderr


@pytest.mark.xdist_group("python-fastapi")
class TestFastApiWithUv(AppCycle):
    """FastAPI, locked by uv."""

    case: ClassVar[AppCase] = AppCase(
        app="python_fastapi_uv",
        ask=answers("/convert?value=2&from=mi&to=m", '{"value":3218.688,"unit":"m"}'),
        edit=replace_in("units.py", "1609.344", "1852"),
        ask_edited=answers("/convert?value=1&from=mi&to=m", '"value":1852.0'),
        depend=_lock_another_uvicorn,
        kept=(PYTHON, DEPENDENCIES),
    )

    def test_changed_dependencies_over_a_cache_are_the_image_of_a_cold_build(self, cycle: Cycle) -> None:
        """What the last build left in the cache leaves no trace: the digest is that of a build without one."""
        edited = cycle.edited(cycle.case.depend)
        cycle.build()  # the cache goes by the image's name

        assert edited.build()["digest"] == edited.build("cold", "--no-cache")["digest"]

    def test_bad_input_is_refused_by_the_app(self, cycle: Cycle) -> None:
        """The compiled half of Pydantic works: a unit that is none is answered with 422."""
        cycle.ask(answers("/convert?value=2&from=parsec&to=m", "parsec", status=422))

    def test_development_dependencies_stay_out(self, cycle: Cycle) -> None:
        """Dependency groups are for development: the image has none of them."""
        name = cycle.case.name
        done = cycle.offramp.run("run", name, "--", "python", "-c", "import iniconfig", code=None)

        assert "No module named 'iniconfig'" in done.stderr


@pytest.mark.xdist_group("python-poetry")
class TestFlaskWithPoetry(AppCycle):
    """Flask in a package of its own, locked by Poetry."""

    case: ClassVar[AppCase] = AppCase(
        app="python_flask_poetry",
        ask=answers("/", "<h1>Shopping</h1>", "<em>oat</em>", "notebook 1.0.0"),
        edit=replace_in("notebook/app.py", "- tea", "- coffee"),
        ask_edited=answers("/", "<li>coffee</li>"),
        depend=replace_in("pyproject.toml", 'description = "Shows', 'description = "Serves'),
        kept=(PYTHON, DEPENDENCIES),
    )

    def test_poetry_and_development_dependencies_stay_out(self, cycle: Cycle) -> None:
        """As on Heroku, Poetry is for the build only, and so are the groups that are not 'main'."""
        run = ("run", cycle.case.name, "--", "python", "-c")
        for module in ("poetry", "iniconfig"):
            done = cycle.offramp.run(*run, f"import {module}", code=None)
            assert f"No module named '{module}'" in done.stderr


@pytest.mark.xdist_group("python-pipenv")
class TestWorkerWithPipenv(AppCycle):
    """A web process and a worker that share a queue, locked by Pipenv; the web process starts with ``pipenv run``."""

    case: ClassVar[AppCase] = AppCase(
        app="python_pipenv_worker",
        ask=answers("/texts/unknown", '"state":"waiting"', status=404),
        edit=replace_in("web.py", 'state="waiting"', 'state="patience"'),
        ask_edited=answers("/texts/unknown", '"state":"patience"', status=404),
        depend=replace_in("Pipfile.lock", '"default": {', '"default":  {'),
        kept=(PYTHON, DEPENDENCIES, "offramp/python: pipenv"),
        environ={"QUEUE_FILE": "/tmp/queue.sqlite3"},
    )

    def test_worker_does_the_web_process_s_work(self, cycle: Cycle) -> None:
        """Both processes run side by side in one container; the web process shows what the worker has done."""
        assert cycle.build()["digest"] == cycle.first["digest"]
        with cycle.container() as container:
            base = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8080)}"
            job = _post(f"{base}/texts", "to be or not to be")["job"]
            assert _json(f"{base}/texts/{job}") == {"state": "waiting"}, container.exec("grep state= web.py")
            container.exec(["sh", "-c", "/cnb/process/worker > /tmp/worker.log 2>&1 &"])
            deadline = time.monotonic() + 30
            while (result := _json(f"{base}/texts/{job}"))["state"] == "waiting":
                assert time.monotonic() < deadline, container.exec("cat /tmp/worker.log")
                time.sleep(0.2)

        assert result["words"] == {"to": 2, "be": 2, "or": 1, "not": 1}

    def test_pipenv_stays_in_the_image_and_development_dependencies_do_not(self, cycle: Cycle) -> None:
        """As on Heroku, Pipenv is there at run time, and works in the app's environment."""
        script = "import flask, sys; print(sys.prefix)"
        done = cycle.offramp.run("run", cycle.case.name, "--", "pipenv", "run", "python", "-c", script)
        missing = cycle.offramp.run("run", cycle.case.name, "--", "python", "-c", "import iniconfig", code=None)

        assert done.stdout.endswith("offramp_python/venv\n")
        assert "No module named 'iniconfig'" in missing.stderr


@pytest.mark.xdist_group("python-c-extension")
class TestCompiledExtension(AppCycle):
    """A C extension of the app's own, and one of PyPI built from its source."""

    case: ClassVar[AppCase] = AppCase(
        app="python_c_extension",
        ask=answers("/distance?first=kitten&second=sitting", '"distance":3', '"escape":"compiled"'),
        edit=replace_in("app.py", "distance=distance(first, second)", "edits=distance(first, second)"),
        ask_edited=answers("/distance?first=a&second=b", '"edits":1'),
        depend=replace_in("native/src/editdistance.c", "diagonal + differs", "diagonal + 2 * differs"),
        ask_depending=answers("/distance?first=a&second=b", '"distance":2'),
        kept=(PYTHON, DEPENDENCIES),
    )

    def test_nothing_of_the_compilation_is_in_the_image(self, cycle: Cycle) -> None:
        """What the compilation leaves in the app's source is removed, as the next build would not make it again."""
        done = cycle.offramp.run("run", cycle.case.name, "--", "find", "/app", "-name", "build*", "-o", "-name", "*.o")

        assert done.stdout == ""
