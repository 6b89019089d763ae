"""The layer with the app's dependencies: a virtual environment, filled by pip or by uv.

pip's environment is made anew whenever something it depends on changed, since pip cannot bring one up to date reliably.
uv can: it removes what the lock no longer names, so a changed lock keeps the layer. When nothing changed, no command
runs at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.python.bytecode import compile_tree
from buildpacks.python.environments import ignored_settings, tool_environment
from buildpacks.python.errors import InstallDependenciesError, SyncDependenciesError
from buildpacks.python.layers.python import InstalledPython
from buildpacks.python.layers.tools import install_tool, keep_tool, pinned_version
from buildpacks.python.package_manager import PackageManager
from buildpacks.python.requirements import REQUIREMENTS, has_local_requirements, requirements_digest
from buildpacks.python.site_packages import installed_components, remove_timestamps
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    CommandFailedError,
    Layer,
    LayerEnv,
    LayerTypes,
    changed,
    cyclonedx,
    read_bytes_if_present,
    sha256_of,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_DOWNLOADS = LayerTypes(cache=True)
_UV_FILES = ("uv.lock", "pyproject.toml", "uv.toml", ".python-version")


@dataclass(frozen=True, kw_only=True, slots=True)
class DependenciesKey:
    """What the environment's contents depend on. ``inputs`` digests the files that name the dependencies."""

    python: str = shown("Python version")
    target: str = shown("target")
    manager: str = shown("package manager")
    manager_version: str = shown("version of the package manager")
    inputs: str = changed("the list of dependencies")


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


def install_dependencies(context: BuildContext, manager: PackageManager, python: InstalledPython) -> Dependencies:
    """Install the app's dependencies, or find them in the cache."""
    ignored = ignored_settings(context.user_env)
    if ignored:
        context.output.warning(f"Ignoring {', '.join(ignored)}", "This build decides where Python and packages go.")
    key = DependenciesKey(
        python=str(python.version),
        target=python.target,
        manager=str(manager),
        manager_version=pinned_version(manager),
        inputs=_inputs(context.app_dir, manager),
    )
    in_place = ("inputs",) if manager is PackageManager.UV else ()
    layer = context.layer("venv", key, types=_TYPES, update_in_place_on=in_place)
    if layer.is_restored and _has_local_source(context.app_dir, manager):
        layer.discard("a dependency comes from the app's own source")
    context.output.state("dependencies", layer.state)
    layer.env = LayerEnv().override("VIRTUAL_ENV", layer.path)
    dependencies = Dependencies(
        layer=layer, site_packages=layer.path / "lib" / f"python{python.line}" / "site-packages"
    )
    if layer.is_restored:
        keep_tool(context, manager)
        context.keep_layer(f"{manager}-cache", DownloadsKey(target=python.target), types=_DOWNLOADS)
    else:
        _fill(context, manager, python, dependencies)
    layer.sboms[CYCLONEDX] = cyclonedx(installed_components(dependencies.site_packages))
    return dependencies


def _fill(context: BuildContext, manager: PackageManager, python: InstalledPython, into: Dependencies) -> None:
    tool = install_tool(context, manager)
    downloads = context.layer(f"{manager}-cache", DownloadsKey(target=python.target), types=_DOWNLOADS).path
    if not into.python.exists():
        context.run(python.executable, "-m", "venv", "--without-pip", into.layer.path, env=tool_environment(context))
    with context.output.timed(f"Installing dependencies with {manager} {pinned_version(manager)}"):
        if manager is PackageManager.PIP:
            _install_with_pip(context, tool, downloads, into)
        else:
            _sync_with_uv(context, tool, downloads, into)
            remove_timestamps(into.site_packages)
        compile_tree(context, into.python, into.site_packages)


def _install_with_pip(context: BuildContext, pip: Path, downloads: Path, into: Dependencies) -> None:
    environment = into.layer.apply_env(tool_environment(context, PIP_CACHE_DIR=downloads))
    try:
        # Heroku's flags, but for the cache, which is a layer of its own, and for bytecode, which we compile ourselves.
        context.run(
            into.python, pip / "pip", "install", "--requirement", REQUIREMENTS, "--exists-action=w", "--no-input",
            "--progress-bar", "off", "--src", into.layer.path / "src", "--no-compile",
            env=environment,
        )  # fmt: skip
    except CommandFailedError as error:
        raise InstallDependenciesError(last_lines=error.last_lines) from error


def _sync_with_uv(context: BuildContext, uv: Path, downloads: Path, into: Dependencies) -> None:
    environment = tool_environment(
        context,
        UV_CACHE_DIR=downloads,
        UV_LINK_MODE="hardlink",
        UV_NO_MANAGED_PYTHON="1",
        UV_PROJECT_ENVIRONMENT=into.layer.path,
        UV_PYTHON=into.python.resolve(),
        UV_PYTHON_DOWNLOADS="never",
    )
    try:
        # Heroku's flags, but for --compile-bytecode: uv compiles in whichever order its workers finish, and the bytes
        # would differ from build to build; we compile ourselves.
        context.run(
            uv / "bin" / "uv", "sync", "--locked", "--no-default-groups", "--no-progress",
            env=into.layer.apply_env(environment),
        )  # fmt: skip
    except CommandFailedError as error:
        raise SyncDependenciesError(last_lines=error.last_lines) from error


def _inputs(app_dir: Path, manager: PackageManager) -> str:
    if manager is PackageManager.PIP:
        return requirements_digest(app_dir)
    return sha256_of("\n".join(sha256_of(read_bytes_if_present(app_dir / name) or b"") for name in _UV_FILES).encode())


def _has_local_source(app_dir: Path, manager: PackageManager) -> bool:
    return manager is PackageManager.PIP and has_local_requirements(app_dir)
