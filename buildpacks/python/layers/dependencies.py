"""The layer with the app's dependencies: a virtual environment, filled by a package manager.

An environment is made anew whenever something it depends on changed, from the package manager's cache of downloads.
uv and Poetry could bring the old one up to date; but what they leave behind would make another image than a build on an
empty cache, and as all of it is compiled anyway, little time would be saved. When nothing changed, no command runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.bytecode import compile_tree
from buildpacks.python.environments import tool_environment
from buildpacks.python.hooks import hooks_digest
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.local_sources import clean_source, digest_sources
from buildpacks.python.managers.base import Job, Manager, wants_test_dependencies
from buildpacks.python.package_manager import PackageManager
from buildpacks.python.site_packages import installed_components, make_reproducible
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    Layer,
    LayerEnv,
    LayerTypes,
    changed,
    cyclonedx,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_DOWNLOADS = LayerTypes(cache=True)
_LAYOUT = 1  # raise it when the same dependencies would be laid out differently
_LEFT = "left_in_source"


@dataclass(frozen=True, kw_only=True, slots=True)
class DependenciesKey:
    """What the environment's contents depend on. ``inputs`` digests the files that name the dependencies."""

    python: str = shown("Python version")
    target: str = shown("target")
    manager: str = shown("package manager")
    groups: str = shown("groups of dependencies")
    inputs: str = changed("the list of dependencies")
    sources: str = changed("the app's own source of a dependency")
    hooks: str = changed("the app's hooks")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadsKey:
    """What the package manager's own cache depends on."""

    target: str = shown("target")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependencies:
    """The installed dependencies."""

    layer: Layer
    site_packages: Path

    @property
    def python(self) -> Path:
        """Give the Python that sees the dependencies."""
        return self.layer.path / "bin" / "python"

    def has(self, package: str) -> bool:
        """Tell whether a package can be imported, without importing it."""
        return (self.site_packages / package / "__init__.py").is_file()


def install_dependencies(context: BuildContext, kind: PackageManager, python: InstalledPython) -> Dependencies:
    """Install the app's dependencies, or find them in the cache."""
    manager = manager_of(kind)
    key = DependenciesKey(
        python=str(python.version),
        target=python.target,
        manager=manager.label,
        groups="with those for tests" if wants_test_dependencies(context) else "production",
        inputs=manager.files_digest(context),
        sources=digest_sources(manager.local_sources(context)),
        hooks=hooks_digest(context),
        layout=_LAYOUT,
    )
    layer = context.layer("venv", key, types=_TYPES)
    if layer.is_restored and layer.restored_notes.get(_LEFT):
        layer.discard("installing them also writes into the app's source")
    context.output.state("dependencies", layer.state)
    layer.env = LayerEnv().override("VIRTUAL_ENV", layer.path)
    site_packages = layer.path / "lib" / f"python{python.line}" / "site-packages"
    downloads = DownloadsKey(target=python.target)
    if layer.is_restored:
        manager.keep(context, python)
        context.keep_layer(f"{kind.lower()}-cache", downloads, types=_DOWNLOADS)
    else:
        directory = context.layer(f"{kind.lower()}-cache", downloads, types=_DOWNLOADS).path
        _fill(manager, Job(context=context, python=python, layer=layer, downloads=directory), site_packages)
    return Dependencies(layer=layer, site_packages=site_packages)


def list_dependencies(dependencies: Dependencies) -> None:
    """Write the bill of materials, once nobody installs anything any more: a hook of the app may do so, too."""
    dependencies.layer.sboms[CYCLONEDX] = cyclonedx(installed_components(dependencies.site_packages))


def manager_of(kind: PackageManager) -> Manager:
    """Give the package manager of a kind; only the one a build needs is loaded."""
    match kind:
        case PackageManager.PIP:
            from buildpacks.python.managers.pip import Pip

            return Pip()
        case PackageManager.PIPENV:
            from buildpacks.python.managers.pipenv import Pipenv

            return Pipenv()
        case PackageManager.POETRY:
            from buildpacks.python.managers.poetry import Poetry

            return Poetry()
        case PackageManager.UV:
            from buildpacks.python.managers.uv import Uv

            return Uv()


def _fill(manager: Manager, job: Job, site_packages: Path) -> None:
    context = job.context
    manager.prepare(context, job.python)
    if not job.interpreter.exists():
        context.run(job.python.executable, "-m", "venv", "--without-pip", job.layer.path, env=tool_environment(context))
    with context.output.timed(f"Installing dependencies with {manager.label}"), clean_source(context.app_dir) as left:
        manager.install(job)
        make_reproducible(job.layer.path, site_packages)
        compile_tree(context, job.interpreter, site_packages)
    if left:
        job.layer.notes = {_LEFT: left}
        context.output.detail(f"Left in the app's source: {', '.join(left)}")
