"""The layer with the package managers an app uses: npm always, Yarn or pnpm where it asks for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from buildpacks.nodejs.errors import InvalidEngineError, UnknownPackageVersionError, VendoredYarnError
from buildpacks.nodejs.inventory import NodeInventory, Tool
from buildpacks.nodejs.lock_files import Manager
from buildpacks.nodejs.package_json import PackageJson
from buildpacks.nodejs.registry import check_integrity, install_package, integrity_of, registry_of, tarball_url
from buildpacks.sdk import (
    BuildContext,
    LayerTypes,
    TomlTable,
    Version,
    VersionSyntaxError,
    fetch,
    parse_request,
    parse_version,
    read_text_if_present,
    shown,
)

_TYPES = LayerTypes(build=True, cache=True, launch=True)
_PROGRAMS = {
    "npm": {"npm": "bin/npm-cli.js", "npx": "bin/npx-cli.js"},
    "yarn": {"yarn": "bin/yarn.js", "yarnpkg": "bin/yarn.js"},
    "pnpm": {"pnpm": "bin/pnpm.cjs", "pnpx": "bin/pnpx.cjs"},
}
_YARN_PATH = re.compile(r"^yarnPath:\s*[\"']?(?P<path>[^\"'\s]+)", re.MULTILINE)
_STORE_KEY = "tools"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolsKey:
    """What the layer's contents depend on."""

    tools: tuple[str, ...] = shown("package managers")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenTools:
    """The package managers of a build; ``vendored`` is Yarn's own file in the app's source, or empty."""

    manager: Manager
    tools: tuple[Tool, ...]
    vendored: str = ""
    asked: TomlTable

    @property
    def main(self) -> Tool:
        """Give the one that installs the app's packages."""
        return next(tool for tool in self.tools if tool.name == self.manager)

    @property
    def is_berry(self) -> bool:
        """Tell Yarn from 2 on from the first one, which has other commands."""
        return self.manager is Manager.YARN and not self.main.version.startswith("1.")


def choose_tools(
    context: BuildContext, package: PackageJson, manager: Manager, node: Version, inventory: NodeInventory
) -> ChosenTools:
    """Choose the versions: ``packageManager``, a vendored Yarn, ``engines``, or the inventory's.

    A range of ``engines`` is asked of the registry once; the answer is remembered while the range is the same.

    Raises:
        InvalidEngineError, UnknownPackageVersionError: of a range in ``engines``.
        VendoredYarnError: ``yarnPath`` names a file that is not there.
    """
    vendored = _vendored_yarn(context.app_dir) if manager is Manager.YARN else ""
    asked: dict[str, object] = {}
    tools = []
    for name in ("npm", *(() if manager is Manager.NPM else (str(manager),))):
        pinned = package.manager
        if name == "yarn" and vendored:
            tools.append(Tool(name=name, version=_version_of_file(vendored), integrity="vendored"))
        elif pinned and pinned.name == name:
            digest = f"{pinned.algorithm}.{pinned.digest}" if pinned.digest else ""
            tools.append(Tool(name=name, version=pinned.version, integrity=digest))
        elif name in package.engines:
            version = _by_engine(context, name, package.engines[name], inventory.tool(name, node), asked)
            tools.append(inventory.known(name, version) or Tool(name=name, version=version))
        else:
            tools.append(inventory.tool(name, node))
            if name == "pnpm":
                context.output.warning(
                    f"package.json names no version of pnpm, so {tools[-1].version} is used",
                    f'Add "packageManager": "pnpm@{tools[-1].version}" to package.json.',
                )
    return ChosenTools(
        manager=manager, tools=tuple(tools), vendored=vendored, asked={_STORE_KEY: asked} if asked else {}
    )


def install_tools(context: BuildContext, chosen: ChosenTools) -> None:
    """Install the package managers, or find them in the cache.

    Raises:
        IntegrityError, UnknownPackageVersionError: a download is another file, or is not there.
    """
    names = tuple(f"{tool.name} {tool.version}" for tool in chosen.tools)
    layer = context.layer("tools", ToolsKey(tools=tuple(_identities(chosen))), types=_TYPES)
    context.output.state(" and ".join(names), layer.state)
    if layer.is_restored:
        return
    (layer.path / "bin").mkdir()
    for tool in chosen.tools:
        with context.output.timed(f"Installing {tool.name} {tool.version}"):
            if tool.name == "yarn" and chosen.vendored:
                _link(layer.path, {"yarn": context.app_dir / chosen.vendored})
                continue
            directory = layer.path / "lib" / "node_modules" / tool.name
            _install(context, tool, directory)
            _link(layer.path, {name: directory / file for name, file in _programs(tool, directory)})


def _identities(chosen: ChosenTools) -> Iterator[str]:
    for tool in chosen.tools:
        yield f"{tool.name} {tool.version}" + (" of the app's source" if tool.integrity == "vendored" else "")


def _install(context: BuildContext, tool: Tool, to: Path) -> None:
    registry = registry_of(context)
    # Corepack's checksum of Yarn from 2 on is that of the one file in it; the others' is that of the tarball.
    of_file = tool.package.startswith("@yarnpkg") and tool.integrity.startswith("sha") and "." in tool.integrity
    integrity = "" if of_file else tool.integrity
    install_package(
        registry, tool.package, tool.version, integrity or integrity_of(registry, tool.package, tool.version), to
    )
    if of_file:
        check_integrity(to / "bin/yarn.js", tool.integrity, tarball_url(registry, tool.package, tool.version))


def _programs(tool: Tool, directory: Path) -> Iterator[tuple[str, str]]:
    for name, file in _PROGRAMS[tool.name].items():
        # pnpm from 11 on has other endings.
        yield name, file if (directory / file).is_file() else file.replace(".cjs", ".mjs")


def _link(layer: Path, programs: dict[str, Path]) -> None:
    for name, file in programs.items():
        file.chmod(file.stat().st_mode | 0o111)
        (layer / "bin" / name).symlink_to(file)


def _vendored_yarn(app_dir: Path) -> str:
    found = _YARN_PATH.search(read_text_if_present(app_dir / ".yarnrc.yml") or "")
    if found is None:
        return ""
    if not (app_dir / found["path"]).resolve().is_relative_to(app_dir) or not (app_dir / found["path"]).is_file():
        raise VendoredYarnError(path=found["path"])
    return found["path"]


def _version_of_file(path: str) -> str:
    found = re.search(r"(\d+\.\d+\.\d+)", Path(path).name)
    return found[1] if found else "4.0.0"


def _by_engine(context: BuildContext, name: str, engine: str, usual: Tool, asked: dict[str, object]) -> str:
    try:
        request = parse_request(engine)
    except VersionSyntaxError:
        raise InvalidEngineError(engine=name, value=engine) from None
    if request.matches(parse_version(usual.version)):
        return usual.version
    memory = context.store.get(_STORE_KEY, {})
    known = memory.get(name) if isinstance(memory, dict) else None
    if not (isinstance(known, dict) and known.get("engine") == engine):
        known = {"engine": engine, "version": _newest(registry_of(context), name, engine)}
    asked[name] = known
    return str(known["version"])


def _newest(registry: str, name: str, engine: str) -> str:
    import json

    versions = []
    for text in json.loads(fetch(f"{registry}/{name}")).get("versions", {}):
        try:
            versions.append(parse_version(text))
        except VersionSyntaxError:
            continue
    newest = parse_request(engine).newest(versions)
    if newest is None:
        raise UnknownPackageVersionError(package=name, version=engine, registry=registry)
    return str(newest)
