"""Which Go an app is built with, where it says so, and which release that means.

Precedence, as on Heroku: the config var GOVERSION, the comment ``// +heroku goVersion``, the ``go`` line, the default.
``toolchain`` lines choose nothing, as on Heroku. Two numbers mean the newest patch of that line. Heroku's newer
buildpack reads a bare number in the comment as a caret ("1.17": the newest 1.x): that is told, and a setting.
"""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.go.errors import (
    DevelopmentGoError,
    InvalidGoVersionError,
    NewerGoNeededError,
    OldGoError,
    UnknownGoVersionError,
)
from buildpacks.go.go_mod import FILE, GoMod, Line
from buildpacks.go.inventory import GoInventory
from buildpacks.sdk import (
    Output,
    Rules,
    Version,
    VersionRequest,
    VersionSyntaxError,
    nearest_versions,
    parse_request,
    parse_version,
)

VARIABLE = "GOVERSION"
OLDEST = Version((1, 11))
_OPERATORS = "^~=<>"


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedGo:
    """What the app asks for, as it is written, and where. An empty text leaves the choice to us."""

    text: str
    origin: str
    is_comment: bool = False


def find_wanted(mod: GoMod, variable: str) -> WantedGo:
    """Find the place that decides. Pure."""
    if variable.strip():
        return WantedGo(text=variable.strip(), origin=f"the config var {VARIABLE}")
    if mod.versions:
        # Of several, the first counts, as in Heroku's classic buildpack; words after it are remarks.
        first = mod.versions[0]
        return WantedGo(text=first.text.split()[0], origin=_place(first), is_comment=True)
    if mod.go:
        return WantedGo(text=mod.go.text, origin=_place(mod.go))
    return WantedGo(text="", origin="the default")


def choose_version(wanted: WantedGo, inventory: GoInventory, rules: Rules) -> Version:
    """Choose the release that a request means. Pure.

    Raises:
        DevelopmentGoError: it asks for a state of Go's source.
        InvalidGoVersionError: it is no version.
        OldGoError: Go did not know modules then.
        UnknownGoVersionError: there is no such release; it names the nearest.
    """
    if not wanted.text:
        return inventory.newest_release
    if wanted.text.startswith("devel"):
        raise DevelopmentGoError(text=wanted.text, origin=wanted.origin)
    if wanted.is_comment and (wanted.text[0] in _OPERATORS or (rules is Rules.CNB and is_ambiguous(wanted))):
        return _newest_matching(wanted, inventory)
    version = _parse(wanted)
    if version < OLDEST:
        raise OldGoError(text=wanted.text, origin=wanted.origin, oldest=str(OLDEST))
    return _release(version, wanted, inventory)


def is_ambiguous(wanted: WantedGo) -> bool:
    """Tell a number in a comment that Heroku's two buildpacks read differently."""
    return wanted.is_comment and wanted.text[:1].isdigit()


def check_needed(mod: GoMod, chosen: Version, wanted: WantedGo) -> None:
    """Refuse a Go that go.mod itself says is too old.

    Raises:
        NewerGoNeededError: the ``go`` line names a newer one.
    """
    if mod.go is None:
        return
    needed = _parse(WantedGo(text=mod.go.text, origin=_place(mod.go)))
    if chosen < needed and chosen.numbers[: len(needed.numbers)] != needed.numbers:
        raise NewerGoNeededError(needed=mod.go.text, line=mod.go.number, chosen=str(chosen), origin=wanted.origin)


def warn_about(wanted: WantedGo, chosen: Version, mod: GoMod, output: Output) -> None:
    """Say what will surprise somebody later."""
    line = ".".join(map(str, chosen.numbers[:2]))
    if wanted.origin.endswith(VARIABLE):
        output.warning(
            f"{VARIABLE} decides which Go is used",
            f"It hides what {FILE} says. Put '// +heroku goVersion go{line}' into {FILE}, and unset {VARIABLE}.",
        )
    elif not wanted.text:
        output.warning(
            f"Nothing in {FILE} says which Go to use",
            f"This build uses the newest, and the next one may use another. Run 'go mod edit -go={line}'.",
        )
    elif is_ambiguous(wanted):
        output.warning(
            f"'{wanted.text}' in {wanted.origin} can be read in two ways",
            f"Heroku's classic buildpack reads 'go{wanted.text}', its newer one '^{wanted.text}' (the newest 1.x).",
            f"This build uses {chosen}. Write 'go{wanted.text}' or '^{wanted.text}' to be clear.",
        )
    if len(mod.versions) > 1:
        lines = ", ".join(str(one.number) for one in mod.versions)
        output.warning(
            f"{FILE} has several '+heroku goVersion' comments (lines {lines})",
            "Heroku's classic buildpack uses the first, its newer one the last. This build uses the first.",
        )
    if mod.toolchain:
        output.detail(f"The 'toolchain' line of {FILE} ({mod.toolchain.text}) chooses nothing, as on Heroku")


def _newest_matching(wanted: WantedGo, inventory: GoInventory) -> Version:
    text = wanted.text if wanted.text[0] in _OPERATORS else f"^{wanted.text}"
    try:
        request: VersionRequest = parse_request(text.replace("go", ""))
    except VersionSyntaxError:
        raise InvalidGoVersionError(text=wanted.text, origin=wanted.origin) from None
    found = request.newest(inventory.releases)
    if found is None:
        raise UnknownGoVersionError(text=wanted.text, origin=wanted.origin, nearest=_nearest(OLDEST, inventory))
    return found


def _parse(wanted: WantedGo) -> Version:
    try:
        version = parse_version(wanted.text.removeprefix("go"))
    except VersionSyntaxError:
        raise InvalidGoVersionError(text=wanted.text, origin=wanted.origin) from None
    if len(version.numbers) not in {2, 3} or (version.pre and not version.pre.startswith(("rc", "beta"))):
        raise InvalidGoVersionError(text=wanted.text, origin=wanted.origin)
    return version


def _release(version: Version, wanted: WantedGo, inventory: GoInventory) -> Version:
    """Give the release that numbers name: of two, the newest patch; three, and pre-releases, are themselves."""
    if version.pre:
        return version
    line = (version.numbers[0], version.numbers[1])
    newest = inventory.newest.get(line)
    if len(version.numbers) == 2:  # noqa: PLR2004 - a line
        if newest is None:
            raise UnknownGoVersionError(
                text=wanted.text, origin=wanted.origin, nearest=_nearest(version, inventory), is_line=True
            )
        return Version((*line, newest))
    if line < max(inventory.newest) and newest is None:
        raise UnknownGoVersionError(text=wanted.text, origin=wanted.origin, nearest=_nearest(version, inventory))
    # Newer than the inventory: the download tells whether it exists, and the checksum database what it must be.
    return version


def _nearest(version: Version, inventory: GoInventory) -> tuple[str, ...]:
    """Give the newest releases of the lines that are nearest."""
    return tuple(
        map(str, nearest_versions(version, (Version((*line, last)) for line, last in inventory.newest.items())))
    )


def _place(line: Line) -> str:
    return f"line {line.number} of {FILE}"
