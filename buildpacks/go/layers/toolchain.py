"""The layer with Go itself, downloaded and verified.

By default it is the module ``golang.org/toolchain`` of the module proxy, which is what Go itself would fetch; so a
proxy the user named for modules is all a build needs. OFFRAMP_GO_SOURCE names the archives of go.dev, or a mirror.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.go.errors import GoArchiveSumError, GoDoesNotExistError, UnverifiableGoError
from buildpacks.go.inventory import GoInventory, go_name
from buildpacks.go.module_proxy import proxies_of
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    Component,
    DownloadNotFoundError,
    Layer,
    LayerEnv,
    LayerTypes,
    Scope,
    Version,
    cyclonedx,
    nearest_versions,
    shown,
)

MODULE = "golang.org/toolchain"
SOURCE, SOURCE_SUM, KEEP_TOOLS = "OFFRAMP_GO_SOURCE", "OFFRAMP_GO_SHA256", "GO_INSTALL_TOOLS_IN_IMAGE"
_LAYOUT = 1  # raise it when the same Go would be laid out differently


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolchainKey:
    """What the layer's contents depend on."""

    version: str = shown("Go version")
    target: str = shown("target")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """The app's Go."""

    layer: Layer
    version: Version

    @property
    def go(self) -> Path:
        """Give the program."""
        return self.layer.path / "bin" / "go"


def install_go(context: BuildContext, version: Version, inventory: GoInventory) -> Toolchain:
    """Install Go, or find it in the cache.

    Raises:
        UnverifiableGoError: nothing says what the download has to be.
        GoDoesNotExistError: the place it comes from has no such version.
        ToolchainMismatchError, GoArchiveSumError: the download is another file; nothing was unpacked.
    """
    key = ToolchainKey(version=str(version), target=f"{context.target.os}/{context.target.arch}", layout=_LAYOUT)
    in_image = context.user_env.get(KEEP_TOOLS, "") == "true"
    layer = context.layer("go", key, types=LayerTypes(build=True, cache=True, launch=in_image))
    context.output.state(f"Go {version}", layer.state)
    if not layer.is_restored:
        with context.output.timed(f"Installing Go {version}"):
            try:
                _install(context, version, inventory, layer.path)
            except DownloadNotFoundError as error:
                nearest = nearest_versions(version, inventory.releases)
                raise GoDoesNotExistError(
                    version=str(version), url=error.url, nearest=tuple(map(str, nearest))
                ) from error
    layer.env = LayerEnv().override("GOTOOLCHAIN", "local", Scope.BUILD)
    if in_image:
        layer.env = layer.env.override("GOROOT", layer.path, Scope.LAUNCH)
        layer.sboms[CYCLONEDX] = _sbom(version)
    return Toolchain(layer=layer, version=version)


def _install(context: BuildContext, version: Version, inventory: GoInventory, to: Path) -> None:
    source = context.user_env.get(SOURCE, "").strip()
    name = f"{go_name(version)}.{context.target.os}-{context.target.arch}"
    with tempfile.TemporaryDirectory() as directory:
        if source:
            _install_archive(f"{source.rstrip('/')}/{name}.tar.gz", context.user_env, Path(directory), to)
        else:
            _install_module(context, f"v0.0.1-{name}", inventory.sums.get(name, ""), to)


def _install_module(context: BuildContext, version: str, known_sum: str, to: Path) -> None:
    from buildpacks.go.module_zip import unpack_toolchain

    setting = context.user_env.get("GOPROXY", "").replace("${build_dir}", str(context.app_dir))
    *first, last = proxies_of(setting)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "go.zip"
        for proxy in first:
            try:
                _download_module(context, proxy, version, known_sum, file)
                break
            except DownloadNotFoundError:
                continue  # a team's own proxy need not have Go
        else:
            _download_module(context, last, version, known_sum, file)
        unpack_toolchain(file, f"{MODULE}@{version}/", to)


def _download_module(context: BuildContext, proxy: str, version: str, known_sum: str, to: Path) -> None:
    from buildpacks.go.module_zip import check_sum
    from buildpacks.sdk import download_checked

    expected = known_sum or _sum_from_database(context.user_env, proxy, version)
    name = f"{MODULE}@{version}"
    download_checked(f"{proxy}/{MODULE}/@v/{version}.zip", to, lambda file, _digest: check_sum(file, expected, name))


def _install_archive(url: str, settings: Mapping[str, str], directory: Path, to: Path) -> None:
    from buildpacks.sdk import ChecksumMismatchError, download, unpack

    sha256 = settings.get(SOURCE_SUM, "").strip()
    if not sha256:
        raise UnverifiableGoError(url=url, setting=SOURCE_SUM, why=f"{SOURCE} is set, and {SOURCE_SUM} is not")
    try:
        file = download(url, sha256, directory / "go.tar.gz")
    except ChecksumMismatchError as error:
        raise GoArchiveSumError(url=error.url, expected=error.expected, actual=error.actual) from error
    unpack(file, to, strip_components=1)


def _sum_from_database(settings: Mapping[str, str], proxy: str, version: str) -> str:
    """Ask the checksum database, through the proxy where it passes such questions on."""
    from buildpacks.go.checksum_database import look_up, parse_database
    from buildpacks.sdk import fetch

    database = parse_database(settings.get("GOSUMDB", "").strip())
    if database is None:
        raise UnverifiableGoError(
            url=f"{proxy}/{MODULE}/@v/{version}.zip",
            setting="GOSUMDB",
            why="this Offramp has no sum of it, and GOSUMDB=off forbids asking Go's checksum database",
        )
    base = f"{proxy}/sumdb/{database.name}"
    try:
        fetch(f"{base}/supported")
    except DownloadNotFoundError:
        base = database.url
    return look_up(database, MODULE, version, lambda path: fetch(f"{base}/{path}"))


def _sbom(version: Version) -> bytes:
    purl = f"pkg:golang/stdlib@{version}"
    return cyclonedx([Component(name="go", version=str(version), purl=purl, kind="application")])
