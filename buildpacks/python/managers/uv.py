"""uv: fills a virtual environment from ``uv.lock``."""

from __future__ import annotations

from pathlib import Path

from buildpacks.python.errors import InstallLockedError
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import install_tool, keep_tool, pinned_version
from buildpacks.python.local_sources import LocalSource, sources_in_lock
from buildpacks.python.managers.base import Job, digest_of_files, wants_test_dependencies
from buildpacks.sdk import BuildContext, CommandFailedError, read_bytes_if_present

UV_LOCK = "uv.lock"
_FILES = (UV_LOCK, "pyproject.toml", "uv.toml", ".python-version")


class Uv:
    """The ``Manager`` for uv."""

    @property
    def label(self) -> str:
        """Give name and version."""
        return f"uv {pinned_version('uv')}"

    def files_digest(self, context: BuildContext) -> str:
        """Digest the lock file, the project and uv's settings."""
        return digest_of_files(context.app_dir, _FILES)

    def local_sources(self, context: BuildContext) -> tuple[LocalSource, ...]:
        """List the directories and archives that the lock names."""
        return sources_in_lock(context.app_dir, read_bytes_if_present(context.app_dir / UV_LOCK) or b"")

    def prepare(self, context: BuildContext, python: InstalledPython) -> Path:  # noqa: ARG002 - the port's signature
        """Install uv."""
        return install_tool(context, "uv") / "bin"

    def keep(self, context: BuildContext, python: InstalledPython) -> None:  # noqa: ARG002 - the port's signature
        """Keep uv."""
        keep_tool(context, "uv")

    def install(self, job: Job) -> None:
        """Run ``uv sync`` with Heroku's flags.

        But for --compile-bytecode: uv compiles in whichever order its workers finish, and the bytes would differ from
        build to build; we compile ourselves. And for --color: a log is read in many places.
        """
        environment = job.environment(
            UV_CACHE_DIR=job.downloads,
            UV_LINK_MODE="hardlink",
            UV_NO_MANAGED_PYTHON="1",
            UV_PROJECT_ENVIRONMENT=job.layer.path,
            UV_PYTHON=job.interpreter.resolve(),
            UV_PYTHON_DOWNLOADS="never",
        )
        groups = () if wants_test_dependencies(job.context) else ("--no-default-groups",)
        uv = install_tool(job.context, "uv") / "bin" / "uv"
        try:
            job.context.run(uv, "sync", "--locked", *groups, "--no-progress", env=environment)
        except CommandFailedError as error:
            raise InstallLockedError(manager="uv", last_lines=error.last_lines) from error
