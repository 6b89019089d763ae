"""Poetry: fills a virtual environment from ``poetry.lock``. It is not in the image, as on Heroku."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.errors import InstallLockedError
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import install_tool, keep_tool, pinned_version
from buildpacks.python.local_sources import LocalSource, sources_in_lock
from buildpacks.python.managers.base import Job, digest_of_files, wants_test_dependencies
from buildpacks.sdk import BuildContext, CommandFailedError, read_bytes_if_present

POETRY_LOCK = "poetry.lock"
_FILES = (POETRY_LOCK, "pyproject.toml", "poetry.toml")


class Poetry:
    """The ``Manager`` for Poetry."""

    @property
    def label(self) -> str:
        """Give name and version."""
        return f"Poetry {pinned_version('poetry')}"

    def files_digest(self, context: BuildContext) -> str:
        """Digest the lock file, the project and Poetry's settings."""
        return digest_of_files(context.app_dir, _FILES)

    def local_sources(self, context: BuildContext) -> tuple[LocalSource, ...]:
        """List the directories and archives that the lock names."""
        return sources_in_lock(context.app_dir, read_bytes_if_present(context.app_dir / POETRY_LOCK) or b"")

    def prepare(self, context: BuildContext, python: InstalledPython) -> Path:  # noqa: ARG002 - the port's signature
        """Install Poetry."""
        return install_tool(context, "poetry") / "bin"

    def keep(self, context: BuildContext, python: InstalledPython) -> None:  # noqa: ARG002 - the port's signature
        """Keep Poetry."""
        keep_tool(context, "poetry")

    def install(self, job: Job) -> None:
        """Run ``poetry sync`` with Heroku's flags, but for --compile: we compile ourselves, in a fixed order."""
        environment = job.environment(
            POETRY_CACHE_DIR=job.downloads,
            # Poetry works in the environment that VIRTUAL_ENV names, and is told to make none of its own.
            POETRY_VIRTUALENVS_CREATE="false",
            # A build has no keyring, and waiting for one takes long.
            POETRY_KEYRING_ENABLED="false",
            # The environments that packages are built in.
            VIRTUALENV_OVERRIDE_APP_DATA=job.downloads / "virtualenv",
        )
        groups = () if wants_test_dependencies(job.context) else ("--only", "main")
        poetry = install_tool(job.context, "poetry") / "bin" / "poetry"
        try:
            job.context.run(poetry, "sync", *groups, "--no-ansi", "--no-interaction", env=environment)
        except CommandFailedError as error:
            raise InstallLockedError(manager="Poetry", last_lines=error.last_lines) from error
