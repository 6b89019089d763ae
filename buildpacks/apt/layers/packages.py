"""The layer with the packages: unpacked side by side as they would lie in a system, and mended to work in a layer.

When nothing it depends on changed, no command runs at all; new versions in the repositories then stay unseen until
OFFRAMP_APT_REFRESH, the list, or the run image changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from buildpacks.apt.alternatives import Alternative, make_links, parse_alternatives
from buildpacks.apt.apt import Apt, Planned, open_apt
from buildpacks.apt.choosing import choose_packages
from buildpacks.apt.errors import (
    REFRESH_SETTING,
    DamagedPackageError,
    ForeignPackageFileError,
    UnpackPackageError,
    UnpinnedFileError,
)
from buildpacks.apt.layer_environment import find_directories, layer_environment, private_libraries
from buildpacks.apt.layers.fetched import keep_fetched, open_fetched
from buildpacks.apt.relocating import prepare_tree, relocate
from buildpacks.apt.sources import Sources
from buildpacks.apt.status import Status
from buildpacks.apt.wanted import PackageFile, PackageRequest, Wanted
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    ChecksumMismatchError,
    CommandFailedError,
    Component,
    Layer,
    LayerTypes,
    changed,
    cyclonedx,
    download,
    read_text_if_present,
    sha256_of,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_LAYOUT = 1  # raise it when the same packages would be laid out differently


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagesKey:
    """What the layer's contents depend on."""

    packages: tuple[str, ...] = shown("list of packages")
    sources: str = changed("the list of repositories")
    run_image: str = changed("what the run image has")
    target: str = shown("target")
    refresh: str = shown(REFRESH_SETTING)
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Installed:
    """A package in the layer."""

    name: str
    version: str
    architecture: str

    def __str__(self) -> str:
        """Write it as a word of the layer's notes."""
        return f"{self.name} {self.version} {self.architecture}"


def install_packages(context: BuildContext, wanted: Wanted, sources: Sources, status: Status) -> Layer:
    """Install what the app wants, or find it in the cache."""
    target = context.target_name
    key = PackagesKey(
        packages=(*sorted(map(str, wanted.packages)), *sorted(map(str, wanted.files))),
        sources=sources.digest,
        run_image=status.digest,
        target=target,
        refresh=context.user_env.get(REFRESH_SETTING, ""),
        layout=_LAYOUT,
    )
    layer = context.layer("packages", key, types=_TYPES)
    context.output.state("Debian packages", layer.state)
    if layer.is_restored:
        keep_fetched(context, target, sources)
        layer.notes = layer.restored_notes
    else:
        installed = _fill(context, layer.path, wanted, sources, status)
        layer.notes = {"installed": [str(one) for one in installed]}
    packages = tuple(Installed(**dict(zip(_FIELDS, note.split(" "), strict=True))) for note in _notes(layer))
    architecture = context.target.arch
    layer.env = layer_environment(
        layer.path,
        architecture,
        lambda pattern: find_directories(layer.path, pattern),
        private_libraries(layer.path, architecture),
    )
    layer.sboms[CYCLONEDX] = cyclonedx(_component(one, context) for one in packages)
    context.output.detail(", ".join(f"{one.name} {one.version}" for one in packages) or "nothing had to be added")
    return layer


_FIELDS = ("name", "version", "architecture")


def _fill(
    context: BuildContext, layer: Path, wanted: Wanted, sources: Sources, status: Status
) -> tuple[Installed, ...]:
    fetched = open_fetched(context, context.target_name, sources)
    files = _download(context, wanted.files, fetched.path / "files")
    with open_apt(context, sources, fetched.path, status.file) as apt:
        if wanted.packages:
            context.output.step(f"Reading the lists of {sources.described}")
            apt.update()
            chosen = choose_packages(wanted.packages, apt.names(), apt.providers)
            files += _fetch(context, apt, chosen, status)
        _forget_others(fetched.path, files)
        with context.output.timed(f"Unpacking {len(files)} package{'' if len(files) == 1 else 's'}"):
            return _unpack(context, files, layer, apt.places.scratch)


def _fetch(context: BuildContext, apt: Apt, chosen: tuple[PackageRequest, ...], status: Status) -> list[Path]:
    """Fetch the packages the run image lacks and check each; gives their files in apt's order."""
    there = [one for one in chosen if one.name in status.installed and not one.force and not one.version]
    if there:
        context.output.step(f"The run image has {', '.join(one.name for one in there)} already")
    needed = tuple(one for one in chosen if one not in there)
    together = tuple(f"{one.name}{one.suffix}" for one in needed if not one.skip_dependencies)
    alone = tuple(f"{one.name}{one.suffix}" for one in needed if one.skip_dependencies or one.force)
    planned: dict[str, Planned] = {}
    for words, is_alone in ((together, False), (alone, True)):
        if words:
            plan = apt.plan(words, alone=is_alone)
            _remove_damaged(plan, apt.places.archives)
            planned |= {one.file: one for one in plan}
            if plan:
                context.output.step(f"Fetching {', '.join(words)}")
                apt.fetch(words, alone=is_alone)
    return [_checked(one, apt.places.archives) for one in planned.values()]


def _remove_damaged(plan: tuple[Planned, ...], archives: Path) -> None:
    """Remove files of earlier builds that are not what they should be: apt itself looks at their sizes only."""
    for one in plan:
        file = archives / one.file
        if file.is_file() and sha256_of(file.read_bytes()) != one.sha256:
            file.unlink()


def _checked(planned: Planned, archives: Path) -> Path:
    file = planned.path(archives)
    actual = sha256_of(file.read_bytes())
    if actual != planned.sha256:
        raise DamagedPackageError(file=planned.file, expected=planned.sha256, actual=actual)
    return file


def _download(context: BuildContext, files: tuple[PackageFile, ...], directory: Path) -> list[Path]:
    """Download package files that stand on no list, unless the cache has them; each is for this architecture."""
    paths = []
    for file in files:
        path = directory / f"{file.sha256}.deb"
        if not path.is_file() or sha256_of(path.read_bytes()) != file.sha256:
            with context.output.timed(f"Downloading {file.url}"):
                _download_one(file, path)
        architecture = context.run("dpkg-deb", "--field", path, "Architecture", show=False)[0]
        if architecture not in {"all", context.target.arch}:
            raise ForeignPackageFileError(
                url=file.url, origin=file.origin, architecture=architecture, wanted=context.target.arch
            )
        paths.append(path)
    return paths


def _download_one(file: PackageFile, to: Path) -> None:
    try:
        download(file.url, file.sha256, to)
    except ChecksumMismatchError as error:
        if file.sha256:
            raise
        raise UnpinnedFileError(url=file.url, origin=file.origin, sha256=error.actual) from None


def _forget_others(fetched: Path, files: list[Path]) -> None:
    """Remove package files this build has no use for, so that the cache does not grow for ever."""
    for file in (*(fetched / "archives").glob("*.deb"), *(fetched / "files").glob("*.deb")):
        if file not in files:
            file.unlink()


def _unpack(context: BuildContext, files: list[Path], layer: Path, scratch: Path) -> tuple[Installed, ...]:
    """Unpack the files; no script of theirs runs."""
    prepare_tree(layer)
    installed: list[Installed] = []
    alternatives: list[Alternative] = []
    for number, file in enumerate(files):
        control = scratch / f"control-{number}"
        try:
            context.run("dpkg-deb", "--control", file, control, show=False)
            context.run("dpkg-deb", "--extract", file, layer, show=False)
        except CommandFailedError as error:
            raise UnpackPackageError(file=file.name, last_lines=error.last_lines) from error
        installed.append(_read_control((control / "control").read_text(encoding="utf-8")))
        alternatives += parse_alternatives(read_text_if_present(control / "postinst") or "")
    make_links(layer, tuple(alternatives))
    relocate(layer, layer)
    return tuple(sorted(installed))


def _read_control(text: str) -> Installed:
    lines = (line.partition(":") for line in text.splitlines())
    fields = {name: value.strip() for name, _, value in lines}
    return Installed(name=fields["Package"], version=fields["Version"], architecture=fields["Architecture"])


def _notes(layer: Layer) -> tuple[str, ...]:
    return tuple(layer.notes.get("installed", ()))


def _component(one: Installed, context: BuildContext) -> Component:
    """Give a package with its package URL (purl-spec, type ``deb``)."""
    distro = context.target.distro
    name, release = (distro.name, f"&distro={distro.name}-{distro.version}") if distro else ("debian", "")
    version = quote(one.version, safe=":~.-_")
    purl = f"pkg:deb/{name}/{quote(one.name, safe='')}@{version}?arch={one.architecture}{release}"
    return Component(name=one.name, version=one.version, purl=purl)
