"""The layer with Bundler, in the very version that wrote the lock file; none when Ruby's own Bundler is that version.

Bundler is fetched as RubyGems does it: the source's list of a gem's versions names the checksum of each, and the
file is verified by it before anything looks inside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.ruby.errors import BundlerDoesNotExistError, BundlerSumError, InstallBundlerError
from buildpacks.ruby.gem_sources import rubygems_source
from buildpacks.ruby.gemfile_lock import GEMFILE_LOCK, GemfileLock
from buildpacks.ruby.layers.ruby import InstalledRuby
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    ChecksumMismatchError,
    CommandFailedError,
    Component,
    DownloadNotFoundError,
    Layer,
    LayerTypes,
    cyclonedx,
    download,
    fetch,
    nearest_versions,
    parse_version,
    shown,
)
from buildpacks.sdk import VersionSyntaxError as _VersionSyntaxError

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_NAME = "bundler"


@dataclass(frozen=True, kw_only=True, slots=True)
class BundlerKey:
    """What the layer's contents depend on; Bundler is written in Ruby alone."""

    version: str = shown("Bundler version")
    abi: str = shown("Ruby's version for gems")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledBundler:
    """The app's Bundler; ``layer`` is None when it came with Ruby."""

    version: str
    layer: Layer | None


def install_bundler(
    context: BuildContext, lock: GemfileLock, ruby: InstalledRuby, settings: Mapping[str, str]
) -> InstalledBundler:
    """Install the Bundler the lock file was written with, or find it in the cache.

    Raises:
        BundlerDoesNotExistError: the source of gems has no such version.
        BundlerSumError: the download is another file; nothing was unpacked.
        InstallBundlerError: RubyGems could not install it.
    """
    version = lock.bundler or ruby.bundler
    origin = GEMFILE_LOCK if lock.bundler else "it comes with Ruby"
    context.output.step(f"Using Bundler {version} ({origin})")
    if version == ruby.bundler:
        return InstalledBundler(version=version, layer=None)
    layer = context.layer(_NAME, BundlerKey(version=version, abi=ruby.abi), types=_TYPES)
    context.output.state(f"Bundler {version}", layer.state)
    if not layer.is_restored:
        with context.output.timed(f"Installing Bundler {version}"), tempfile.TemporaryDirectory() as directory:
            gem = _download(version, rubygems_source(settings), Path(directory) / f"bundler-{version}.gem")
            _install(context, ruby, gem, layer.path, version)
    # The program 'bundle' that Bundler puts beside the gems' own would take any newer release of the same line.
    layer.env = layer.env.prepend("GEM_PATH", layer.path).override("BUNDLER_VERSION", version)
    layer.sboms[CYCLONEDX] = cyclonedx([Component(name=_NAME, version=version, purl=f"pkg:gem/{_NAME}@{version}")])
    return InstalledBundler(version=version, layer=layer)


def find_checksum(lines: Iterable[str], version: str) -> str | None:
    """Find a version's sha256 in a gem's page of the compact index, or None. Pure.

    A line is ``VERSION DEPENDENCIES|checksum:SHA256,ruby:…``.
    """
    for line in lines:
        number, _, rest = line.partition(" ")
        if number == version:
            facts = rest.rpartition("|")[2].split(",")
            return next((fact.removeprefix("checksum:") for fact in facts if fact.startswith("checksum:")), None)
    return None


def _download(version: str, source: str, to: Path) -> Path:
    try:
        lines = fetch(f"{source}/info/{_NAME}").decode(errors="replace").splitlines()
        sha256 = find_checksum(lines, version)
        if sha256 is None:
            raise BundlerDoesNotExistError(version=version, source_url=source, nearest=_nearest(version, lines))
        return download(f"{source}/gems/bundler-{version}.gem", sha256, to)
    except DownloadNotFoundError as error:
        raise BundlerDoesNotExistError(version=version, source_url=source, nearest=()) from error
    except ChecksumMismatchError as error:
        raise BundlerSumError(url=error.url, expected=error.expected, actual=error.actual) from error


def _nearest(version: str, lines: Iterable[str]) -> tuple[str, ...]:
    known = []
    for line in lines:
        try:
            known.append(parse_version(line.partition(" ")[0]))
        except _VersionSyntaxError:
            continue
    return tuple(str(one) for one in nearest_versions(parse_version(version), known))


def _install(context: BuildContext, ruby: InstalledRuby, gem: Path, to: Path, version: str) -> None:
    environment = ruby.layer.apply_env(context.env) | {
        "GEM_HOME": str(to),
        "GEM_PATH": str(to),
        "HOME": str(gem.parent),
    }
    arguments = ("--local", "--no-document", "--env-shebang", "--force", "--install-dir", to, "--bindir", to / "bin")
    try:
        context.run("gem", "install", gem, *arguments, env=environment, show=False)
    except CommandFailedError as error:
        raise InstallBundlerError(version=version, last_lines=error.last_lines) from error
    for name in ("cache", "build_info", "doc"):
        _remove(to / name)


def _remove(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory, ignore_errors=True)
