"""The layer with the app's gems, which the app sees as ``vendor/bundle``.

While Ruby, Bundler and the target stay the same, a changed lock file installs what is missing and removes what is no
longer locked; every other gem stays as it is. What an installation leaves besides (downloads, logs of compilers) is
removed, so that the result is that of an installation from nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.environments import BUNDLE, app_environment, bundler_settings, without_groups
from buildpacks.ruby.gem_failures import install_error
from buildpacks.ruby.gemfile_lock import GEMFILE, GEMFILE_LOCK, GemfileLock
from buildpacks.ruby.layers.bundler import InstalledBundler
from buildpacks.ruby.layers.ruby import InstalledRuby
from buildpacks.ruby.source_files import IMAGE_TIME
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    CommandFailedError,
    Component,
    Layer,
    LayerTypes,
    Outdated,
    changed,
    cyclonedx,
    read_bytes_if_present,
    sha256_of,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_LAYOUT = 1  # raise it when the same gems would be laid out differently
_IN_PLACE = ("lock", "without", "settings")
_LOGS = ("gem_make.out", "mkmf.log")


@dataclass(frozen=True, kw_only=True, slots=True)
class GemsKey:
    """What the gems depend on. ``lock`` and ``settings`` are digests; settings are those for compiling gems."""

    ruby: str = shown("Ruby version")
    bundler: str = shown("Bundler version")
    target: str = shown("target")
    without: str = shown("groups left out")
    lock: str = changed(GEMFILE_LOCK)
    settings: str = changed("Bundler's settings for compiling gems")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledGems:
    """The app's gems: their layer, and the bundle that later steps use."""

    layer: Layer
    bundle: Bundle
    abi: str
    without: str


def install_gems(
    context: BuildContext, lock: GemfileLock, ruby: InstalledRuby, bundler: InstalledBundler
) -> InstalledGems:
    """Install the app's gems, or find them in the cache.

    Raises:
        InstallGemsError: Bundler failed; the error says what is known about the reason.
    """
    without = without_groups(context)
    key = GemsKey(
        ruby=ruby.identity,
        bundler=bundler.version,
        target=context.target_name,
        without=without,
        lock=_digest(context, (GEMFILE, GEMFILE_LOCK)),
        settings=_compile_settings(bundler_settings(context)),
        layout=_LAYOUT,
    )
    layer = context.layer("gems", key, types=_TYPES, update_in_place_on=_IN_PLACE)
    context.output.state("gems", layer.state)
    link_bundle(context.app_dir, layer.path)
    layers = (*((bundler.layer,) if bundler.layer else ()), ruby.layer)
    environment = app_environment(context, layers, ruby.abi, without)
    # A gem in the app's own source may have a part to compile, which lies in the app and not in this layer.
    own = any(source.kind == "PATH" for source in lock.sources)
    if not layer.is_restored or own:
        _install(context, layer, environment)
    gems = layer.path / "ruby" / ruby.abi
    layer.sboms[CYCLONEDX] = cyclonedx(_components(gems))
    return InstalledGems(
        layer=layer,
        bundle=Bundle(
            lock=lock,
            ruby=ruby.version,
            fingerprint=sha256_of(repr(key).encode()),
            environment=environment,
        ),
        abi=ruby.abi,
        without=without,
    )


def link_bundle(app_dir: Path, gems: Path) -> None:
    """Make the app see the layer as ``vendor/bundle``, where Heroku has the gems."""
    link = app_dir / BUNDLE
    link.parent.mkdir(exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(gems)


def _install(context: BuildContext, layer: Layer, environment: Mapping[str, str]) -> None:
    jobs = f"-j{os.cpu_count() or 1}"
    updating = isinstance(layer.state, Outdated)
    with context.output.timed("Updating the gems" if updating else "Installing the gems"):
        try:
            context.run("bundle", "install", jobs, env=environment)
            if updating:
                context.run("bundle", "clean", env=environment)
            context.run("bundle", "list", env=environment)
        except CommandFailedError as error:
            raise install_error(error) from error
        _tidy(layer.path)
        _settle_times(layer.path)


def _tidy(gems: Path) -> None:
    """Remove what differs between two installations of the same gems, and what no app needs."""
    for cache in gems.glob("ruby/*/cache"):
        shutil.rmtree(cache)
    for directory, names, files in os.walk(gems):
        for name in (one for one in names if one == ".git"):
            shutil.rmtree(Path(directory) / name)
        names[:] = [name for name in names if name != ".git"]
        for name in (one for one in files if one in _LOGS):
            (Path(directory) / name).unlink()


def _settle_times(gems: Path) -> None:
    """Give everything the time it has in the image: Sprockets and Bootsnap write times of gems into what they make."""
    for directory, names, files in os.walk(gems, topdown=False):
        for name in (*names, *files):
            os.utime(Path(directory) / name, (IMAGE_TIME, IMAGE_TIME), follow_symlinks=False)


def _components(gems: Path) -> Iterable[Component]:
    for file in sorted(gems.glob("specifications/*.gemspec")):
        name, _, version = _without_platform(file.stem).rpartition("-")
        if name:
            yield Component(name=name, version=version, purl=f"pkg:gem/{name}@{version}")


def _without_platform(full_name: str) -> str:
    """Cut the platform off ``pg-1.5.6-x86_64-linux``: the version is the last part that begins with a digit."""
    parts = full_name.split("-")
    last = max((at for at, part in enumerate(parts) if at and part[:1].isdigit()), default=len(parts) - 1)
    # The parts of a platform may begin with a digit only behind a name: x86_64-linux, aarch64-linux, arm64-darwin-23.
    first = next((at for at, part in enumerate(parts) if at and part[:1].isdigit() and "." in part), last)
    return "-".join(parts[: first + 1])


def _digest(context: BuildContext, names: Iterable[str]) -> str:
    return sha256_of(b"\0".join(read_bytes_if_present(context.app_dir / name) or b"" for name in names))


def _compile_settings(settings: Mapping[str, str]) -> str:
    """Digest what decides how gems are compiled, such as ``BUNDLE_BUILD__NAME``; empty when nothing does."""
    kept = sorted(
        f"{name}={value}"
        for name, value in settings.items()
        if name.startswith("BUNDLE_BUILD__") or name in {"BUNDLE_FORCE_RUBY_PLATFORM", "BUNDLE_SPECIFIC_PLATFORM"}
    )
    return sha256_of("\n".join(kept).encode()) if kept else ""
