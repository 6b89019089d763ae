"""The layer with the app's compiled programs, which the app's ``bin`` links to.

Where nothing changed that they depend on, they are found again and Go is not even started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.go.build_failures import explain_failure
from buildpacks.go.environments import build_inputs, go_environment
from buildpacks.go.errors import BinIsFileError, NoProgramsError
from buildpacks.go.git_credentials import git_settings
from buildpacks.go.go_mod import GoMod
from buildpacks.go.layers.caches import keep_caches, open_caches
from buildpacks.go.layers.toolchain import Toolchain
from buildpacks.go.packages import Program, Selection, build_flags, is_vendored, list_programs
from buildpacks.go.sbom import go_components
from buildpacks.go.source_tree import digest_of
from buildpacks.sdk import (
    CYCLONEDX,
    BuildContext,
    CommandFailedError,
    Layer,
    LayerEnv,
    LayerTypes,
    Scope,
    changed,
    cyclonedx,
    sha256_of,
    shown,
)

BIN = "bin"
# Not "bin" of the layer: the lifecycle would put that before everything else on PATH; Heroku puts the app's bin last.
_DIRECTORY = "go"
_LAYOUT = 1  # raise it when the same source would give another layer, or other findings about it


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramsKey:
    """What the programs depend on."""

    go: str = shown("Go version")
    target: str = shown("target")
    source: str = changed("the app's source")
    settings: str = changed("the settings of Go")
    layout: int = shown("layout of the layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """The programs of the app. ``layer.notes`` is for whoever wants to remember something about them."""

    layer: Layer
    programs: tuple[Program, ...]

    @property
    def names(self) -> list[str]:
        """Give their names, in the order of their packages."""
        return [one.name for one in self.programs]


def check_bin(app_dir: Path) -> None:
    """Refuse a file where the directory of programs has to be.

    Raises:
        BinIsFileError: 'bin' is a file.
    """
    if (app_dir / BIN).is_file():
        raise BinIsFileError


def install_programs(context: BuildContext, go: Toolchain, mod: GoMod, selection: Selection) -> Installed:
    """Compile the app's programs, or find them in the cache, and link them into the app's ``bin``.

    Raises:
        NoProgramsError: the app has none.
        ListPackagesError, DuplicateProgramError, GoBuildError: Go refuses the app.
    """
    vendored = is_vendored(context.app_dir, context.user_env)
    flags = build_flags(go.version, context.user_env, vendored=vendored)
    layer = context.layer(
        "programs",
        _key(context, go, flags),
        types=LayerTypes(cache=True, launch=True),
        # Go links a program again only where it would become another one, if it finds the old one.
        update_in_place_on=("source",),
    )
    # For what the app keeps in bin beside its programs; at the end of PATH, as on Heroku.
    layer.env = LayerEnv().append("PATH", context.app_dir / BIN, Scope.LAUNCH)
    context.output.state("programs", layer.state)
    if layer.is_restored:
        layer.notes = dict(layer.restored_notes)
        programs = tuple(Program(**one) for one in layer.notes["programs"])
        keep_caches(context, go)
    else:
        programs = _compile(context, go, mod, selection, _Compilation(flags=flags, vendored=vendored, layer=layer))
        layer.notes = {
            "programs": [{"name": one.name, "package": one.package, "directory": one.directory} for one in programs]
        }
    _link(context, layer.path / _DIRECTORY, programs)
    return Installed(layer=layer, programs=programs)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compilation:
    flags: tuple[str, ...]
    vendored: bool
    layer: Layer

    @property
    def target(self) -> Path:
        return self.layer.path / _DIRECTORY


def _compile(
    context: BuildContext, go: Toolchain, mod: GoMod, selection: Selection, how: _Compilation
) -> tuple[Program, ...]:
    how.target.mkdir(exist_ok=True)
    with open_caches(context, go, vendored=how.vendored) as caches:
        environment = _environment(context, go, caches, how)
        programs = list_programs(context, go, selection, how.flags, environment)
        if not programs:
            _no_programs(context, mod, selection)
            return ()
        context.output.step(f"Installing {', '.join(one.name for one in programs)} ({selection.origin})")
        if how.vendored:
            context.output.detail("Modules come from vendor/; the module proxy is not asked")
        packages = selection.patterns if selection.is_chosen else tuple(one.package for one in programs)
        try:
            with context.output.timed(f"Running go install {' '.join(how.flags[:2])}"):
                context.run(go.go, "install", "-v", *how.flags, *packages, env=environment)
        except CommandFailedError as error:
            raise explain_failure(error.last_lines, str(go.version)) from error
    paths = [how.target / one.name for one in programs]
    for left_over in set(how.target.iterdir()) - set(paths):
        left_over.unlink()
    how.layer.sboms[CYCLONEDX] = cyclonedx(
        go_components(context.run(go.go, "version", "-m", *paths, env=environment, show=False))
    )
    return programs


def hook_environment(context: BuildContext, go: Toolchain) -> dict[str, str]:
    """Give the environment of the app's hooks: the config vars, Go, and the app's programs."""
    environment = go.layer.apply_env(go_environment(context, **git_settings(context.user_env)))
    return environment | {"GOBIN": str(context.app_dir / BIN), "PATH": f"{environment['PATH']}:{context.app_dir / BIN}"}


def _environment(context: BuildContext, go: Toolchain, caches: Mapping[str, Path], how: _Compilation) -> dict[str, str]:
    environment = go_environment(context, **caches, **git_settings(context.user_env), GOBIN=how.target)
    if how.vendored:
        environment |= {"GOPROXY": "off"}
    return go.layer.apply_env(environment)


def _no_programs(context: BuildContext, mod: GoMod, selection: Selection) -> None:
    """Say that there is nothing to run; an error, unless a Procfile says what runs instead."""
    if not (context.app_dir / "Procfile").is_file():
        raise NoProgramsError(module=mod.module, patterns=selection.patterns if selection.is_chosen else ())
    context.output.warning(
        f"The module '{mod.module}' has no program to install",
        "None of its packages is 'package main'; what the Procfile starts has to come from elsewhere.",
    )


def _link(context: BuildContext, directory: Path, programs: tuple[Program, ...]) -> None:
    """Make ``bin/NAME`` in the app lead to each program. A file of the source gives way, as on Heroku."""
    bin_dir = context.app_dir / BIN
    bin_dir.mkdir(exist_ok=True)
    for one in programs:
        link = bin_dir / one.name
        if link.is_dir() and not link.is_symlink():
            raise BinIsFileError(name=one.name)
        if link.exists() and not link.is_symlink():
            context.output.warning(f"'{BIN}/{one.name}' of the source is replaced by the program of that name")
        link.unlink(missing_ok=True)
        link.symlink_to(directory / one.name)


def _key(context: BuildContext, go: Toolchain, flags: tuple[str, ...]) -> ProgramsKey:
    return ProgramsKey(
        go=str(go.version),
        target=context.target_name,
        source=digest_of(context.app_dir),
        settings=sha256_of("\n".join((*flags, *build_inputs(context.user_env))).encode()),
        layout=_LAYOUT,
    )
