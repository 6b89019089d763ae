"""What hostile files of a Python app can do: nothing outside of the sandbox."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.places import default_places
from lifecycle_py.oci.layout_store import LayoutStore
from tests.support.offramp import Installation, installation
from tests.support.stack import debian_13
from tests.support.trees import write_tree

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("python-hostile")]

BUILD_FAILED = 51
SECRET = "the-host-s-own-secret"  # noqa: S105 - to be searched for
# A package that, while it is built, reads and writes where it may not, and says what it could do.
EVIL_SETUP = """
import os, pathlib, subprocess
from setuptools import setup

for place in {places!r}:
    path = pathlib.Path(place)
    try:
        print("REACHED", place, path.read_text() if path.is_file() else sorted(path.iterdir()))
    except OSError as error:
        pass
    try:
        (path if path.is_file() else path / "intruder").write_text("owned")
        print("WROTE", place)
    except OSError:
        pass
print("WHOAMI", os.getuid())
subprocess.call("kill -9 {pid}", shell=True)
setup(name="evil", version="1", py_modules=[])
"""


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


def test_hostile_setup_py_stays_inside(offramp: Installation, tmp_path: Path) -> None:
    """A package's setup.py is a stranger's code; it reaches no file and no process of the host."""
    places = default_places()
    with (
        tempfile.NamedTemporaryFile("w+", prefix="offramp-secret-", dir="/tmp") as secret,
        tempfile.NamedTemporaryFile("w+", prefix="offramp-secret-", dir="/var/tmp") as other,
    ):
        for file in (secret, other):
            file.write(SECRET)
            file.flush()
            Path(file.name).chmod(0o666)
        targets = [
            secret.name,
            other.name,
            "/etc/passwd",
            "/usr/bin",
            "/cnb",
            str(places.images),
            str(offramp.places.cache),
        ]
        setup = EVIL_SETUP.format(places=targets, pid=os.getpid())
        app = write_tree(tmp_path / "app", {"requirements.txt": "./evil\n", "evil/setup.py": setup})
        # pip shows what a build prints only if the build fails, or is asked to.
        done = offramp.run("build", app, "-t", "stranger", "-e", "PIP_VERBOSE=1")
        contents = [Path(file.name).read_text() for file in (secret, other)]

    log = done.stdout + done.stderr
    assert contents == [SECRET, SECRET]
    assert SECRET not in log
    assert "WHOAMI 1000" in log, "it ran, as the user of the sandbox"
    assert "WROTE" not in log
    assert not any(path.name == "intruder" for path in offramp.places.cache.iterdir())


def test_requirements_of_a_file_outside_show_nothing_of_the_host(offramp: Installation, tmp_path: Path) -> None:
    """``-r /etc/passwd`` reads the build image's file, whose lines are no requirements; the host's is not there."""
    app = write_tree(tmp_path / "app", {"requirements.txt": "-r /etc/passwd\n"})
    done = offramp.run("build", app, "-t", "hostile", code=BUILD_FAILED)
    ours = set(Path("/etc/passwd").read_text().splitlines())
    images = set((debian_13().build_root / "etc" / "passwd").read_text().splitlines())

    assert "Invalid requirement" in done.stderr
    assert [] == [line for line in ours - images if line in done.stderr]
    assert LayoutStore(offramp.places.images).find("hostile:latest") is None


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "blinker; $(touch /app/owned)\n"},
        {"requirements.txt": "`touch /app/owned`\n"},
        {"requirements.txt": "", ".python-version": "3.13; touch /app/owned\n"},
        {"requirements.txt": "", "runtime.txt": "python-$(touch /app/owned)\n"},
        {"Pipfile.lock": '{"_meta": {"requires": {"python_version": "$(touch /app/owned)"}}}'},
    ],
    ids=["marker", "requirement", ".python-version", "runtime.txt", "Pipfile.lock"],
)
def test_no_file_reaches_a_shell(files: dict[str, str], offramp: Installation, tmp_path: Path) -> None:
    """What looks like a command of a shell is an error in the file it stands in, quoted and not run."""
    hook = "#!/bin/sh\nif [ -e /app/owned ]; then echo OWNED; fi\n"
    app = write_tree(tmp_path / "app", {**files, "bin/post_compile": hook})
    done = offramp.run("build", app, "-t", "hostile", code=BUILD_FAILED)

    assert "touch /app/owned" in done.stderr
    assert "OWNED" not in done.stderr
    assert LayoutStore(offramp.places.images).find("hostile:latest") is None
