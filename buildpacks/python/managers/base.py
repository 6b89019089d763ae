"""What a package manager is to the layer of dependencies: the files it obeys, and how it fills the layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from buildpacks.python.environments import tool_environment
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.local_sources import LocalSource
from buildpacks.sdk import BuildContext, Layer, read_bytes_if_present, sha256_of

_TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a package manager is to fill: a virtual environment in a layer, with a directory for its downloads."""

    context: BuildContext
    python: InstalledPython
    layer: Layer
    downloads: Path

    @property
    def interpreter(self) -> Path:
        """Give the Python of the virtual environment."""
        return self.layer.path / "bin" / "python"

    def environment(self, **settings: str | Path) -> dict[str, str]:
        """Give the environment for the package manager: it works in the virtual environment."""
        return self.layer.apply_env(tool_environment(self.context, **settings))


class Manager(Protocol):
    """**Protocol:** a package manager; the layer of dependencies calls it. Each has one implementation, in a file."""

    @property
    def label(self) -> str:
        """Give its name and version, as the log shows them."""

    def files_digest(self, context: BuildContext) -> str:
        """Give one digest of the files that name the dependencies."""

    def local_sources(self, context: BuildContext) -> tuple[LocalSource, ...]:
        """List what is installed from the app's own source: directories and archives."""

    def prepare(self, context: BuildContext, python: InstalledPython) -> Path:
        """Install the package manager, or find it in the cache, and give the directory of its programs."""

    def keep(self, context: BuildContext, python: InstalledPython) -> None:
        """Keep it in the cache although this build does not need it."""

    def install(self, job: Job) -> None:
        """Fill the environment."""


def wants_test_dependencies(context: BuildContext) -> bool:
    """Tell whether the build is for running tests, as Heroku CI's is."""
    return context.exec_env == _TEST


def digest_of_files(app_dir: Path, names: Iterable[str]) -> str:
    """Give one digest of files of the app's top level directory; one that is absent counts as empty."""
    return sha256_of("\n".join(sha256_of(read_bytes_if_present(app_dir / name) or b"") for name in names).encode())
