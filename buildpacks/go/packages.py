"""Which packages are installed, and with which flags.

Precedence, as on Heroku: the config var GO_INSTALL_PACKAGE_SPEC, the comment ``// +heroku install``, every package of
the module that is a program. Flags: ``-tags heroku`` always; ``-ldflags`` from GO_LINKER_SYMBOL and GO_LINKER_VALUE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.go.build_failures import explain_failure
from buildpacks.go.errors import DuplicateProgramError, LinkerValueError, ListPackagesError
from buildpacks.go.go_mod import FILE, GoMod
from buildpacks.go.layers.toolchain import Toolchain
from buildpacks.sdk import BuildContext, CommandFailedError, Version

SPEC = "GO_INSTALL_PACKAGE_SPEC"
LINKER_SYMBOL, LINKER_VALUE, SOURCE_VERSION = "GO_LINKER_SYMBOL", "GO_LINKER_VALUE", "SOURCE_VERSION"
_TAG = "heroku"
_EVERYTHING = ("./...",)
_TRIMPATH, _WRITABLE_CACHE, _VCS = Version((1, 13)), Version((1, 14)), Version((1, 18))
_PROGRAMS_ONLY = '{{if eq .Name "main"}}{{.ImportPath}}\t{{.Dir}}\t{{.Target}}{{end}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Patterns of packages as the user wrote them, and where; ``is_chosen`` when it is not simply everything."""

    patterns: tuple[str, ...]
    origin: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A package that is a program: its name, import path, and directory, relative to the app (empty: outside of it)."""

    name: str
    package: str
    directory: str


def select_packages(context: BuildContext, mod: GoMod) -> Selection:
    """Find the place that decides which packages are installed."""
    spec = context.user_env.get(SPEC, "").replace("${build_dir}", str(context.app_dir)).split()
    if spec:
        context.output.warning(
            f"{SPEC} decides which packages are installed",
            f"Put '// +heroku install {' '.join(spec)}' into {FILE}, and unset {SPEC}.",
        )
        return Selection(patterns=tuple(spec), origin=f"the config var {SPEC}", is_chosen=True)
    if mod.installs:
        first = mod.installs[0]
        return Selection(patterns=tuple(first.text.split()), origin=f"line {first.number} of {FILE}", is_chosen=True)
    return Selection(patterns=_EVERYTHING, origin="all programs of the module", is_chosen=False)


def is_vendored(app_dir: Path, user_env: Mapping[str, str]) -> bool:
    """Tell whether modules are taken from vendor/ alone. A ``-mod`` flag in GOFLAGS decides, where there is one."""
    is_decided = any(word.lstrip("-").startswith("mod=") for word in user_env.get("GOFLAGS", "").split())
    return not is_decided and (app_dir / "vendor" / "modules.txt").is_file()


def build_flags(version: Version, user_env: Mapping[str, str], *, vendored: bool) -> tuple[str, ...]:
    """Give the flags of ``go install``. Pure.

    Raises:
        LinkerValueError: the linker's value cannot be written on a command line.
    """
    given = user_env.get("GOFLAGS", "").split()
    flags = ["-tags", ",".join((_TAG, *_of(given, "tags")))]
    if not version < _TRIMPATH:
        flags.append("-trimpath")
    if not version < _WRITABLE_CACHE:
        flags.append("-modcacherw")
    if not version < _VCS:
        flags.append("-buildvcs=false")
    linker = linker_flag(user_env)
    if linker:
        flags += ["-ldflags", " ".join((*_of(given, "ldflags"), linker))]
    if vendored:
        flags.append("-mod=vendor")
    return tuple(flags)


def linker_flag(user_env: Mapping[str, str]) -> str:
    """Give ``-X SYMBOL=VALUE``, or nothing; the value is the source's version when none is given, as on Heroku.

    Raises:
        LinkerValueError: it has both kinds of quotes.
    """
    symbol = user_env.get(LINKER_SYMBOL, "").strip()
    if not symbol:
        return ""
    text = f"{symbol}={user_env.get(LINKER_VALUE, '') or user_env.get(SOURCE_VERSION, '')}"
    if not any(char.isspace() or char in "'\"" for char in text):
        return f"-X {text}"
    quote = next((one for one in "'\"" if one not in text), None)
    if quote is None:
        raise LinkerValueError(symbol=symbol)
    return f"-X {quote}{text}{quote}"


def list_programs(
    context: BuildContext, go: Toolchain, selection: Selection, flags: tuple[str, ...], environment: Mapping[str, str]
) -> tuple[Program, ...]:
    """Ask Go which of the packages are programs, and what each is called; in Go's order, which is that of their paths.

    Raises:
        ListPackagesError: Go does not understand the app or a pattern.
        DuplicateProgramError: two programs have the same name, so that one would overwrite the other.
    """
    try:
        lines = context.run(
            go.go, "list", "-find", *flags, "-f", _PROGRAMS_ONLY, *selection.patterns, env=environment, show=False
        )
    except CommandFailedError as error:
        unclear = ListPackagesError(patterns=selection.patterns, origin=selection.origin, last_lines=error.last_lines)
        # Of a package that is named, not imported, Go says the same as of an import; tidying would not help.
        is_named = any("no required module provides package" in line for line in error.last_lines)
        raise (unclear if is_named else explain_failure(error.last_lines, str(go.version), unclear)) from error
    found = [tuple(line.split("\t")) for line in lines if line.count("\t") == 2]  # noqa: PLR2004 - as in the format
    programs = tuple(
        Program(name=Path(target).name, package=package, directory=_relative(directory, context.app_dir))
        for package, directory, target in found
    )
    owners: dict[str, str] = {}
    for one in programs:
        if owners.setdefault(one.name, one.package) != one.package:
            raise DuplicateProgramError(name=one.name, packages=(owners[one.name], one.package))
    return programs


def _of(words: list[str], flag: str) -> list[str]:
    """Give the values of a flag in GOFLAGS: what is on the command line would hide them."""
    prefixes = (f"-{flag}=", f"--{flag}=")
    return [word.partition("=")[2].strip("'\"") for word in words if word.startswith(prefixes)]


def _relative(directory: str, app_dir: Path) -> str:
    path = Path(directory)
    return path.relative_to(app_dir).as_posix() if path.is_relative_to(app_dir) else ""
