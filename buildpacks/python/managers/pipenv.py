"""Pipenv: fills a virtual environment from ``Pipfile.lock``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buildpacks.python.errors import InstallLockedError
from buildpacks.python.layers.pipenv import PIPENV, install_pipenv
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import pinned_version
from buildpacks.python.local_sources import LocalSource, sources_in_pipfile_lock
from buildpacks.python.managers.base import Job, digest_of_files, wants_test_dependencies
from buildpacks.python.pipfile_lock import PIPFILE_LOCK
from buildpacks.sdk import BuildContext, CommandFailedError, read_bytes_if_present

_FILES = (PIPFILE_LOCK, "Pipfile")


class Pipenv:
    """The ``Manager`` for Pipenv."""

    @property
    def label(self) -> str:
        """Give name and version."""
        return f"Pipenv {pinned_version(PIPENV)}"

    def files_digest(self, context: BuildContext) -> str:
        """Digest the lock file, and the Pipfile, which Pipenv compares it with."""
        return digest_of_files(context.app_dir, _FILES)

    def local_sources(self, context: BuildContext) -> tuple[LocalSource, ...]:
        """List the directories and archives that the lock names."""
        return sources_in_pipfile_lock(context.app_dir, read_bytes_if_present(context.app_dir / PIPFILE_LOCK) or b"")

    def prepare(self, context: BuildContext, python: InstalledPython) -> Path:
        """Install Pipenv."""
        return install_pipenv(context, python).parent

    def keep(self, context: BuildContext, python: InstalledPython) -> None:
        """Keep Pipenv: it is a part of the image."""
        install_pipenv(context, python)

    def install(self, job: Job) -> None:
        """Run ``pipenv install`` with Heroku's flags and settings, into the environment that VIRTUAL_ENV names."""
        environment = job.environment(
            COLUMNS="200",  # Pipenv breaks its lines by itself, in the middle of words
            PIPENV_CACHE_DIR=job.downloads,
            PIPENV_NOSPIN="1",
            PIPENV_SYSTEM="1",
            PIPENV_VERBOSITY="-1",
            PIP_NO_COMPILE="0",  # pip reads the value as that of its option 'compile': this is what turns it off
            PIP_SRC=job.layer.path / "src",
        )
        groups = ("--dev",) if wants_test_dependencies(job.context) else ()
        pipenv = install_pipenv(job.context, job.python)
        try:
            job.context.run(pipenv, "install", "--deploy", *groups, env=environment)
        except CommandFailedError as error:
            lines = (*error.last_lines, *_verify(job, pipenv, environment))
            raise InstallLockedError(manager="Pipenv", last_lines=lines) from error


def _verify(job: Job, pipenv: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Ask Pipenv whether the lock is out of date: after a failure it says so far above its last lines."""
    try:
        return job.context.run(pipenv, "verify", env=environment, show=False)
    except CommandFailedError as error:
        return error.last_lines
