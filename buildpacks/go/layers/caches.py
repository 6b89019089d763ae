"""The layers with downloaded modules and compiled packages, which only later builds of the app see.

Modules do not depend on Go's version; compiled packages are kept for one line of Go and one target, as others would
only take space. Go itself removes compiled packages that no build used for some days.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildpacks.go.layers.toolchain import Toolchain
from buildpacks.sdk import BuildContext, LayerEnv, LayerTypes, Scope, shown

MODULES_IN_IMAGE = "GO_SETUP_GOPATH_FOR_MODULE_CACHE"
_MODULES, _COMPILED = "modules", "compiled"
_LAYOUT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ModulesKey:
    """What the cache of modules depends on."""

    layout: int = shown("layout of the cache")


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledKey:
    """What compiled packages depend on, beside what Go checks itself."""

    line: str = shown("Go line")
    target: str = shown("target")


def keep_caches(context: BuildContext, go: Toolchain) -> None:
    """Keep the caches of the last build for the next one, where this one compiles nothing."""
    context.keep_layer(_MODULES, ModulesKey(layout=_LAYOUT), types=_module_types(context))
    context.keep_layer(_COMPILED, _compiled_key(context, go), types=LayerTypes(cache=True))


@contextmanager
def open_caches(context: BuildContext, go: Toolchain, *, vendored: bool) -> Iterator[dict[str, Path]]:
    """Give the settings that make Go use the caches. A vendored app downloads nothing, so keeps no modules."""
    compiled = context.layer(_COMPILED, _compiled_key(context, go), types=LayerTypes(cache=True))
    context.output.state("compiled packages", compiled.state)
    with tempfile.TemporaryDirectory(prefix="go-") as scratch:
        settings = {"GOCACHE": compiled.path, "GOPATH": Path(scratch)}
        if not vendored:
            modules = context.layer(_MODULES, ModulesKey(layout=_LAYOUT), types=_module_types(context))
            if modules.types.launch:
                modules.env = LayerEnv().override("GOMODCACHE", modules.path, Scope.LAUNCH)
            settings["GOMODCACHE"] = modules.path
        yield settings
        if not vendored:
            _remove_archives(settings["GOMODCACHE"])


def _remove_archives(modules: Path) -> None:
    """Remove the zips of modules that are unpacked: Go does not read them again, and they double the cache."""
    for file in (modules / "cache" / "download").rglob("*.zip"):
        file.unlink()
    for lock in modules.rglob("*.lock"):
        lock.unlink()


def _compiled_key(context: BuildContext, go: Toolchain) -> CompiledKey:
    return CompiledKey(line=".".join(map(str, go.version.numbers[:2])), target=context.target_name)


def _module_types(context: BuildContext) -> LayerTypes:
    return LayerTypes(cache=True, launch=context.user_env.get(MODULES_IN_IMAGE, "") == "true")
