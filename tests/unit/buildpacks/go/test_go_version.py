"""Which Go an app gets, by every place that can say so."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.go import errors
from buildpacks.go.go_mod import GoMod, parse_go_mod
from buildpacks.go.go_version import WantedGo, check_needed, choose_version, find_wanted, warn_about
from buildpacks.go.inventory import GoInventory, go_name, read_go_inventory
from buildpacks.sdk import ExplainedError, Output, Rules, Version

INVENTORY = GoInventory(newest={(1, 11): 13, (1, 20): 14, (1, 25): 14, (1, 26): 11, (1, 27): 4}, sums={})
CLASSIC, CNB = Rules.CLASSIC, Rules.CNB


def _choose(text: str, *, comment: bool = False, rules: Rules = CLASSIC) -> str:
    wanted = WantedGo(text=text, origin="line 3 of go.mod", is_comment=comment)
    return str(choose_version(wanted, INVENTORY, rules))


def _mod(text: str) -> GoMod:
    return parse_go_mod(f"module shop\n{text}")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.26", "1.26.11"),
        ("go1.26", "1.26.11"),
        ("1.26.3", "1.26.3"),
        ("go1.26.3", "1.26.3"),
        ("1.20", "1.20.14"),
        ("1.20.0", "1.20.0"),
        ("1.27.9", "1.27.9"),  # newer than the inventory: the download tells
        ("1.28.0", "1.28.0"),
        ("1.28rc1", "1.28-rc1"),
        ("1.11", "1.11.13"),
    ],
)
def test_forms(text: str, version: str) -> None:
    """Two numbers are a line's newest patch; three, and candidates, are themselves."""
    assert version == _choose(text)


@pytest.mark.parametrize(
    ("comment", "classic", "cnb"),
    [
        ("1.26", "1.26.11", "1.27.4"),
        ("1.26.3", "1.26.3", "1.27.4"),
        ("go1.26", "1.26.11", "1.26.11"),
        ("^1.25", "1.27.4", "1.27.4"),
        ("~1.25", "1.25.14", "1.25.14"),
        ("=1.26.3", "1.26.3", "1.26.3"),
        (">=1.25", "1.27.4", "1.27.4"),
        ("<1.27", "1.26.11", "1.26.11"),
    ],
)
def test_forms_of_the_comment(comment: str, classic: str, cnb: str) -> None:
    """The comment has operators as well, and a bare number means what the rules say."""
    assert (classic, cnb) == (_choose(comment, comment=True), _choose(comment, comment=True, rules=CNB))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("devel-1a2b3c", errors.DevelopmentGoError),
        ("latest", errors.InvalidGoVersionError),
        ("1", errors.InvalidGoVersionError),
        ("1.26.3.4", errors.InvalidGoVersionError),
        ("1.26alpha", errors.InvalidGoVersionError),
        ("~1.16.2", errors.InvalidGoVersionError),  # an operator outside of the comment
        ("1.10", errors.OldGoError),
        ("1.28", errors.UnknownGoVersionError),
        ("1.24.1", errors.UnknownGoVersionError),
    ],
)
def test_what_is_refused(text: str, error: type[ExplainedError]) -> None:
    """What is no version, too old or unknown is refused, with the place it stands in."""
    with pytest.raises(error) as caught:
        _choose(text)

    assert "line 3 of go.mod" in str(caught.value)


@pytest.mark.parametrize("comment", ["^2.0", "=1.26.99", "~"])
def test_comments_that_nothing_fits(comment: str) -> None:
    """An operator without a version, or without a release that fits, is refused."""
    with pytest.raises((errors.UnknownGoVersionError, errors.InvalidGoVersionError)):
        _choose(comment, comment=True)


def test_unknown_line_names_the_nearest() -> None:
    """A line nobody knows is refused with the nearest releases, and the way to name a newer one."""
    with pytest.raises(errors.UnknownGoVersionError) as caught:
        _choose("1.28")

    assert "1.27.4" in caught.value.explain().fix[0]
    assert "name the patch" in caught.value.explain().fix[1]


@pytest.mark.parametrize(
    ("variable", "mod", "text", "origin"),
    [
        ("1.25", "// +heroku goVersion go1.26\ngo 1.27", "1.25", "the config var GOVERSION"),
        ("", "// +heroku goVersion go1.26 really\ngo 1.27", "go1.26", "line 2 of go.mod"),
        (" ", "go 1.27", "1.27", "line 2 of go.mod"),
        ("", "// +heroku goVersion go1.25\n// +heroku goVersion go1.26", "go1.25", "line 2 of go.mod"),
        ("", "toolchain go1.26.1", "", "the default"),
    ],
)
def test_precedence(variable: str, mod: str, text: str, origin: str) -> None:
    """The config var, the first comment, the go line, the default; a toolchain line chooses nothing."""
    wanted = find_wanted(_mod(mod), variable)

    assert (text, origin) == (wanted.text, wanted.origin)


@pytest.mark.parametrize(
    ("needed", "chosen"), [("1.26", (1, 26, 3)), ("1.26.3", (1, 26, 3)), ("1.20", (1, 26, 0)), ("1.26", (1, 27, 0))]
)
def test_new_enough(needed: str, chosen: tuple[int, ...]) -> None:
    """A Go of the line that go.mod names, or a newer one, will do."""
    check_needed(_mod(f"go {needed}"), Version(chosen), WantedGo(text="", origin="the default"))


@pytest.mark.parametrize(("needed", "chosen"), [("1.26.4", (1, 26, 3)), ("1.27", (1, 26, 11))])
def test_too_old_for_go_mod(needed: str, chosen: tuple[int, ...]) -> None:
    """A Go older than go.mod's own line is refused, and both places are named."""
    with pytest.raises(errors.NewerGoNeededError) as caught:
        check_needed(_mod(f"go {needed}"), Version(chosen), WantedGo(text="1.26.3", origin="the config var GOVERSION"))

    assert "The config var GOVERSION chooses" in str(caught.value)
    assert "line 2 of go.mod" in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "mod", "words"),
    [
        ("1.26", "go 1.26", "GOVERSION decides which Go is used"),
        ("", "// +heroku goVersion 1.26", "can be read in two ways"),
        (
            "",
            "// +heroku goVersion go1.25\n// +heroku goVersion go1.26",
            "several '+heroku goVersion' comments (lines 2, 3)",
        ),
        ("", "toolchain go1.26.1\ngo 1.26", "'toolchain' line of go.mod (go1.26.1) chooses nothing"),
        ("", "", "Nothing in go.mod says which Go to use"),
    ],
)
def test_what_is_told(variable: str, mod: str, words: str) -> None:
    """Whatever will surprise somebody is said in the log."""
    log = io.StringIO()
    parsed = _mod(mod)
    warn_about(find_wanted(parsed, variable), Version((1, 26, 11)), parsed, Output(log, log))

    assert words in log.getvalue()


def test_nothing_is_told_about_the_usual() -> None:
    """A go line alone says it all."""
    log = io.StringIO()
    parsed = _mod("go 1.26")
    warn_about(find_wanted(parsed, ""), Version((1, 26, 11)), parsed, Output(log, log))

    assert "" == log.getvalue()


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (Version((1, 20, 0)), "go1.20"),
        (Version((1, 20, 14)), "go1.20.14"),
        (Version((1, 21, 0)), "go1.21.0"),
        (Version((1, 28), "rc1"), "go1.28rc1"),
    ],
)
def test_names_of_toolchains(version: Version, name: str) -> None:
    """Go's own names: the first release of a line has a zero from 1.21 on only."""
    assert name == go_name(version)


def test_the_inventory_is_whole() -> None:
    """The inventory of this project names every line from 1.11 on, and sums as go.sum has them."""
    inventory = read_go_inventory()
    lines = [minor for _, minor in sorted(inventory.newest)]

    assert list(range(11, lines[-1] + 1)) == lines
    assert all(one.startswith("h1:") and one.endswith("=") for one in inventory.sums.values())


@given(st.text(max_size=20), st.booleans(), st.sampled_from(list(Rules)))
def test_any_text_is_a_version_or_explained(text: str, comment: bool, rules: Rules) -> None:  # noqa: FBT001 - drawn
    """No text in place of a version makes the choice fail without an explanation."""
    try:
        told = go_name(choose_version(WantedGo(text=text.strip(), origin="x", is_comment=comment), INVENTORY, rules))
    except ExplainedError as error:
        told = str(error)

    assert told
