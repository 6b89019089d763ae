"""Python apps whose builds run fakes, on a small Python of the stack: milliseconds instead of minutes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from buildpacks.python.buildpack import PythonBuildpack
from buildpacks.python.stack_python import StackPython
from buildpacks.sdk import Command, Version
from buildpacks.sdk.testing import AppUnderTest, FakePrograms

RELEASES = [
    {"implementation": "cpython", "variant": "default", "version": version}
    for version in ("3.9.25", "3.10.22", "3.11.18", "3.12.8", "3.12.9", "3.13.18", "3.14.0rc1", "3.14.10")
]
TODAY = date(2026, 9, 1)


def make_stack_python(directory: Path, version: tuple[int, ...] = (3, 13, 5), build: str = "Aug 10") -> StackPython:
    """Lay out a small Python."""
    name = "python{}.{}".format(*version[:2])
    library = directory / "lib" / name
    for part in ("lib-dynload", "test", "config-3.13-x86", "json/__pycache__", "asyncio"):
        (library / part).mkdir(parents=True)
    for part in ("os.py", "test/big.py", "config-3.13-x86/libpython.a", "json/__init__.py", "EXTERNALLY-MANAGED"):
        (library / part).write_text(part)
    for part in ("_ssl", "_dbm", "_testcapi"):
        (library / "lib-dynload" / f"{part}.so").write_text(part)
    (library / "json/__pycache__/x.pyc").touch()
    (library / "sitecustomize.py").symlink_to("/etc/python/sitecustomize.py")
    (library / "alias.py").symlink_to("os.py")
    executable = directory / name
    executable.write_text("#!/bin/sh\n")
    executable.chmod(0o755)
    return StackPython(
        version=Version(version),
        build=build,
        executable=executable,
        library=library,
        headers=Path(f"/usr/include/{name}"),
    )


def install(site_packages: Path, *names: str) -> None:
    """Install packages that only have a name."""
    for name in names:
        (site_packages / name).mkdir(parents=True)
        (site_packages / name / "__init__.py").touch()
        (site_packages / f"{name}-1.0.dist-info").mkdir()
        (site_packages / f"{name}-1.0.dist-info/METADATA").write_text(f"Name: {name}\nVersion: 1.0\n\nText")


def _site_packages(venv: Path) -> Path:
    return next((venv / "lib").iterdir()) / "site-packages"


def _python(command: Command) -> tuple[int, str]:
    """Stand in for the app's Python: make a virtual environment, install what requirements name, be Django or NLTK."""
    argv, environment = command.argv, command.environment
    if "venv" in argv:
        venv, line = Path(argv[-1]), Path(argv[0]).resolve().name
        (venv / "bin").mkdir(parents=True)
        (venv / "bin" / "python").symlink_to(argv[0])
        (venv / "lib" / (line if "." in line else "python3.13") / "site-packages").mkdir(parents=True)
    if "requirements.txt" in argv:
        for word in (command.working_dir / "requirements.txt").read_text().split():
            if word == "missing":
                return (
                    1,
                    "Looking in indexes: https://me:pw@index.test\nERROR: No matching distribution found for missing",
                )
            if word.isidentifier():
                install(_site_packages(Path(argv[0]).parents[1]), word)
        for made in environment.get("FAKE_BUILD_LEAVES", "").split():
            (command.working_dir / made).parent.mkdir(parents=True, exist_ok=True)
            (command.working_dir / made).touch()
    if "collectstatic" in argv:
        return _django(argv, environment)
    if "nltk.downloader" in argv:
        return (1, "[nltk_data] Error loading nope: not found") if "nope" in argv else (0, "")
    return 0, ""


def _django(argv: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, str]:
    broken = environment.get("FAKE_DJANGO", "")
    if "help" in argv:
        return {"no-staticfiles": (1, "Unknown command: 'collectstatic'"), "no-help": (1, "KeyError: 'X'")}.get(
            broken, (0, "usage: manage.py collectstatic")
        )
    if broken == "no-staticfiles":
        return 1, "Unknown command: 'collectstatic'"
    return (1, "KeyError: 'SECRET'") if broken else (0, "")


def _uv(command: Command) -> tuple[int, str]:
    if "list" in command.argv:
        return 0, json.dumps(RELEASES)
    if "install" in command.argv:
        version = command.argv[-1].removeprefix("cpython-")
        line = "python{}.{}".format(*version.split("."))
        home = Path(command.environment["UV_PYTHON_INSTALL_DIR"]) / f"cpython-{version}"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / line).touch()
        (home / "lib" / line / "test").mkdir(parents=True)
        (home.parent / ".lock").touch()
    return _sync(command)


def _sync(command: Command) -> tuple[int, str]:
    """Stand in for a package manager with a lock file: install the packages of FAKE_LOCK, or fail with its words."""
    failure = command.environment.get("FAKE_FAILURE", "")
    if failure:
        return 1, failure
    if "VIRTUAL_ENV" in command.environment:
        names = command.environment.get("FAKE_LOCK", "").split()
        site_packages = _site_packages(Path(command.environment["VIRTUAL_ENV"]))
        install(site_packages, *(name for name in names if not (site_packages / name).exists()))
    return 0, ""


def _hook(command: Command) -> tuple[int, str]:
    status = int(command.environment.get("FAKE_HOOK_STATUS", "0"))
    return status, f"hook says {command.environment.get('GREETING', 'nothing')}"


class PythonApp(AppUnderTest):
    """An app whose build runs fakes."""

    def __init__(self, tmp_path: Path, files: Mapping[str, str | bytes] | Path, **user_env: str) -> None:
        """Lay out the app and the stack."""
        self.stack = make_stack_python(tmp_path / "usr")
        self.today = TODAY
        programs = dict.fromkeys(("python", "python3", *(f"python3.{minor}" for minor in range(10, 16))), _python)
        hooks = {"pre_compile": _hook, "post_compile": _hook}
        self.fakes = FakePrograms({**programs, **hooks, "uv": _uv, "poetry": _sync, "pipenv": _sync})
        pack = PythonBuildpack(lambda: self.stack, lambda: self.today)
        super().__init__(pack, tmp_path, files, programs=self.fakes, user_env=user_env)

    def command(self, *words: str) -> Command:
        """Find the one command with all of these arguments."""
        (found,) = (one for one in self.fakes.commands if set(words) <= {Path(one.argv[0]).name, *one.argv})
        return found

    def ran(self, *words: str) -> bool:
        """Tell whether a command with all of these arguments was run."""
        return any(set(words) <= {Path(one.argv[0]).name, *one.argv} for one in self.fakes.commands)
