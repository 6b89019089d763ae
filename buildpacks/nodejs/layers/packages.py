"""The layers with the app's packages: all of them for the build, those for production in the image.

The app sees them as ``node_modules``, a link. Packages that belong to the app's own tree (workspaces, ``file:``, Yarn's
Plug'n'Play) would lose their way behind a link: they are installed into the app directory by every build, from what
the package manager keeps of its downloads.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from buildpacks.nodejs.commands import install_command, prune_command
from buildpacks.nodejs.install_failures import install_error
from buildpacks.nodejs.layers.node import InstalledNode
from buildpacks.nodejs.layers.tools import ChosenTools
from buildpacks.nodejs.lock_files import LockFile
from buildpacks.nodejs.package_json import PACKAGE_JSON, PackageJson
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    CommandFailedError,
    Component,
    Layer,
    LayerTypes,
    changed,
    cyclonedx,
    read_bytes_if_present,
    read_text_if_present,
    sha256_of,
    shown,
)

MODULES = "node_modules"
_LAYOUT = 1  # raise it when the same packages would be laid out differently
_SETTINGS = (".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs")
_LIFECYCLE = ("preinstall", "install", "postinstall", "prepare")
_PLUG_N_PLAY = re.compile(r"^nodeLinker:\s*[\"']?(?!pnp)(?P<linker>[\w-]+)", re.MULTILINE)
_PRUNED_AT = re.compile(rb"^( *\"?prunedAt\"?: *)(\"?)[^\",\n]*, [^\"\n]*?(\"?)(,?)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagesKey:
    """What the packages depend on. ``files`` digests what names them, ``source`` what their scripts may read."""

    node: str = shown("Node.js version")
    manager: str = shown("package manager")
    target: str = shown("target")
    files: str = changed("package.json or the lock file")
    source: str = changed("the source that scripts of the installation may read")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadsKey:
    """What the package manager's downloads depend on."""

    manager: str = shown("package manager")


@dataclass(frozen=True, kw_only=True, slots=True)
class Packages:
    """Installed packages; ``layer`` is None when they are in the app directory, ``changed`` what scripts changed."""

    layer: Layer | None
    key: PackagesKey
    environment: Mapping[str, str]
    changed: list[str] = field(default_factory=list)


@contextmanager
def changes_to(packages: Packages) -> Iterator[None]:
    """Take note of what is changed in the packages meanwhile: those for production are then made anew."""
    before = _snapshot(packages.layer)
    yield
    after = _snapshot(packages.layer)
    packages.changed.extend(
        sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    )


def _snapshot(layer: Layer | None) -> dict[str, tuple[int, int]]:
    found = {}
    for directory, _names, files in os.walk(layer.path / MODULES) if layer else ():
        for name in files:
            status = Path(directory, name).lstat()
            found[f"{directory}/{name}"] = (status.st_size, status.st_mtime_ns)
    return found


def open_downloads(context: BuildContext, chosen: ChosenTools) -> Path:
    """Give where the package manager keeps what it downloads; NODE_MODULES_CACHE=false forgets it each time."""
    key = DownloadsKey(manager=f"{chosen.manager} {chosen.main.version.partition('.')[0]}")
    keeps = context.user_env.get("NODE_MODULES_CACHE", "true") != "false"
    return context.layer("downloads", key if keeps else None, types=LayerTypes(cache=True)).path


def install_packages(
    context: BuildContext,
    package: PackageJson,
    lock: LockFile,
    node: InstalledNode,
    chosen: ChosenTools,
    environment: Mapping[str, str],
) -> Packages:
    """Install every package, or find them in the cache.

    Raises:
        InstallPackagesError: the package manager failed; the error says what is known about the reason.
    """
    _warn(context, lock)
    key = PackagesKey(
        node=str(node.version),
        manager=f"{chosen.manager} {chosen.main.version}",
        target=context.target_name,
        files=_digest(context.app_dir, (PACKAGE_JSON, lock.name, *_SETTINGS)),
        source=_digest_source(context.app_dir) if any(name in package.scripts for name in _LIFECYCLE) else "",
        layout=_LAYOUT,
    )
    if stays_in_app(context.app_dir, package, chosen):
        context.output.step("Keeping the packages in the app directory, as some of them are in the app's own source")
        _run(context, install_command(chosen, lock, context.user_env), environment, "Installing the packages")
        return Packages(layer=None, key=key, environment=environment)
    keeps = context.user_env.get("NODE_MODULES_CACHE", "true") != "false"
    layer = context.layer("packages", key if keeps else None, types=LayerTypes(build=True, cache=True))
    context.output.state("packages", layer.state)
    link = context.app_dir / MODULES
    if not layer.is_restored:
        _run(context, install_command(chosen, lock, context.user_env), environment, "Installing the packages")
        link.mkdir(exist_ok=True)
        shutil.move(link, layer.path / MODULES)
        _settle(layer.path / MODULES)
    _link(link, layer.path / MODULES)
    return Packages(layer=layer, key=key, environment=environment)


def prune_packages(
    context: BuildContext, package: PackageJson, chosen: ChosenTools, packages: Packages, *, because_not: str
) -> None:
    """Leave in the image what production needs; ``because_not`` says why all of them stay, or is empty."""
    command = prune_command(chosen) if package.has_development_packages and not because_not else ()
    if because_not and package.has_development_packages:
        context.output.step(f"Keeping the packages for development, {because_not}")
    if packages.layer is None:
        if command:
            _run(context, command, packages.environment, "Removing the packages for development")
        _settle(context.app_dir / MODULES)
        return
    layer = packages.layer
    if not command:
        layer.types = LayerTypes(build=True, cache=True, launch=True)
        layer.sboms[CYCLONEDX] = cyclonedx(_components(layer.path / MODULES))
        return
    production = context.layer("production", packages.key, types=LayerTypes(cache=True, launch=True))
    if packages.changed and production.is_restored:
        production.discard("a script has changed the packages")
    link = context.app_dir / MODULES
    link.unlink()
    if not production.is_restored:
        shutil.copytree(layer.path / MODULES, link, symlinks=True)
        _run(context, command, packages.environment, "Removing the packages for development")
        shutil.move(link, production.path / MODULES)
        _settle(production.path / MODULES)
    _link(link, production.path / MODULES)
    production.sboms[CYCLONEDX] = cyclonedx(_components(production.path / MODULES))


def stays_in_app(app_dir: Path, package: PackageJson, chosen: ChosenTools) -> bool:
    """Tell whether packages cannot be behind a link."""
    if package.has_workspaces or package.has_local_packages or (app_dir / "pnpm-workspace.yaml").is_file():
        return True
    if chosen.is_berry:
        return _PLUG_N_PLAY.search(read_text_if_present(app_dir / ".yarnrc.yml") or "") is None
    return (app_dir / MODULES).is_dir()  # committed: they are completed where they are


def _warn(context: BuildContext, lock: LockFile) -> None:
    if not lock.name:
        context.output.warning(
            "There is no lock file, so every build may install other versions",
            "Run the package manager's install on your machine, and commit the lock file it writes.",
        )
    if (context.app_dir / MODULES).is_dir():
        context.output.warning(
            f"'{MODULES}' is in the app's source",
            f"It was made for another machine. Remove it from version control: git rm -r --cached {MODULES}",
        )


def _run(context: BuildContext, command: tuple[str, ...], environment: Mapping[str, str], doing: str) -> None:
    with context.output.timed(f"{doing} with {' '.join(command[:2])}"):
        try:
            context.run(*command, env=environment)
        except CommandFailedError as error:
            raise install_error(error) from error


def _link(link: Path, modules: Path) -> None:
    if link.is_symlink():
        link.unlink()
    link.symlink_to(modules)


def _settle(modules: Path) -> None:
    """Take the time of the build out of what pnpm notes, and remove what compiling left besides its result."""
    notes = modules / ".modules.yaml"
    if notes.is_file():
        notes.write_bytes(_without_times(notes.read_bytes()))
    # pnpm's note of when it last looked; caches of bundlers.
    for state in modules.glob(".pnpm-workspace-state*.json"):
        state.unlink()
    shutil.rmtree(modules / ".cache", ignore_errors=True)


def _without_times(notes: bytes) -> bytes:
    return _PRUNED_AT.sub(rb"\1\2Tue, 01 Jan 1980 00:00:01 GMT\3\4", notes)


def _components(modules: Path) -> Iterable[Component]:
    """List the packages by their own package.json."""
    for directory, names, files in os.walk(modules):
        if PACKAGE_JSON in files and Path(directory).parent.name in {MODULES} | _scopes(Path(directory)):
            try:
                table = json.loads((Path(directory) / PACKAGE_JSON).read_text(errors="replace"))
                name, version = str(table["name"]), str(table["version"])
            except (ValueError, KeyError, TypeError):
                continue
            purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
            yield Component(name=name, version=version, purl=purl)
        names[:] = sorted(name for name in names if not (Path(directory) / name).is_symlink())


def _scopes(directory: Path) -> set[str]:
    """Give the parent's name when it is a scope, such as ``@types``, directly below ``node_modules``."""
    parent = directory.parent
    return {parent.name} if parent.name.startswith("@") and parent.parent.name == MODULES else set()


def _digest(app_dir: Path, names: Iterable[str]) -> str:
    parts = [b"%s\0%s" % (name.encode(), read_bytes_if_present(app_dir / name) or b"") for name in names if name]
    return sha256_of(b"\0".join(parts))


def _digest_source(app_dir: Path) -> str:
    parts = []
    for directory, names, files in os.walk(app_dir):
        names[:] = sorted(name for name in names if name not in {".git", MODULES})
        parts += [
            f"{directory}/{name}".encode() + b"\0" + (read_bytes_if_present(Path(directory, name)) or b"")
            for name in sorted(files)
        ]
    return sha256_of(b"\0".join(parts))
