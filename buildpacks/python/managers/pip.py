"""pip: fills a virtual environment from ``requirements.txt``."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.errors import InstallDependenciesError
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import add_pip_programs, install_pins, install_tool, keep_tool, pinned_version
from buildpacks.python.local_sources import LocalSource
from buildpacks.python.managers.base import Job, wants_test_dependencies
from buildpacks.python.requirements import REQUIREMENTS, local_sources, requirements_digest
from buildpacks.sdk import BuildContext, CommandFailedError

TEST_REQUIREMENTS = "requirements-test.txt"
# Python brought setuptools along up to 3.11; packages of that time use it at run time. As on Heroku they find it up to
# 3.12. What requirements.txt says about it wins.
_LAST_WITH_SETUPTOOLS = (3, 12)
_NO_COMPILE = "--no-compile"


class Pip:
    """The ``Manager`` for pip."""

    @property
    def label(self) -> str:
        """Give name and version."""
        return f"pip {pinned_version('pip')}"

    def files_digest(self, context: BuildContext) -> str:
        """Digest the requirements files, with those they include."""
        return requirements_digest(context.app_dir, _requirements(context))

    def local_sources(self, context: BuildContext) -> tuple[LocalSource, ...]:
        """List the paths that requirements name."""
        return local_sources(context.app_dir, _requirements(context))

    def prepare(self, context: BuildContext, python: InstalledPython) -> Path:  # noqa: ARG002 - the port's signature
        """Install pip."""
        return add_pip_programs(install_tool(context, "pip"))

    def keep(self, context: BuildContext, python: InstalledPython) -> None:  # noqa: ARG002 - the port's signature
        """Keep pip."""
        keep_tool(context, "pip")

    def install(self, job: Job) -> None:
        """Run ``pip install`` with Heroku's flags, but for the cache and for bytecode, which we compile ourselves."""
        context = job.context
        pip = install_tool(context, "pip") / "pip"
        if job.python.version.numbers[:2] <= _LAST_WITH_SETUPTOOLS:
            context.output.detail(f"With setuptools {pinned_version('setuptools')}, as on Heroku up to Python 3.12")
            install_pins(context, "setuptools", "--python", job.interpreter, _NO_COMPILE)
        requirements = [word for name in _requirements(context) for word in ("--requirement", name)]
        try:
            context.run(
                job.interpreter, pip, "install", *requirements, "--exists-action=w", "--no-input",
                "--progress-bar", "off", "--src", job.layer.path / "src", _NO_COMPILE,
                env=job.environment(PIP_CACHE_DIR=job.downloads),
            )  # fmt: skip
        except CommandFailedError as error:
            raise InstallDependenciesError(last_lines=error.last_lines) from error


def _requirements(context: BuildContext) -> tuple[str, ...]:
    has_tests = wants_test_dependencies(context) and (context.app_dir / TEST_REQUIREMENTS).is_file()
    return (REQUIREMENTS, TEST_REQUIREMENTS) if has_tests else (REQUIREMENTS,)
