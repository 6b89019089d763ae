"""The Aptfile: what each line means, and that no text of it can become anything else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.apt.aptfile import parse_aptfile
from buildpacks.apt.errors import InvalidAptfileError
from buildpacks.apt.wanted import PackageFile, PackageRequest, Repository, Wanted

DIGEST = "ab" * 32


def package(name: str, **more: str) -> PackageRequest:
    """Give a request."""
    return PackageRequest(name=name, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jq", (package("jq"),)),
        ("jq libpq-dev\ng++\n", (package("jq"), package("libpq-dev"), package("g++"))),
        ("  jq  \r\n\t\n", (package("jq"),)),
        ("# jq\njq # curl\n#curl", (package("jq"),)),
        ("libpq5=17.2-1", (package("libpq5", version="17.2-1"),)),
        ("libpq5=17.*", (package("libpq5", version="17.*"),)),
        ("x11-apps=7.7+11 2048=1:2~rc1", (package("x11-apps", version="7.7+11"), package("2048", version="1:2~rc1"))),
        ("jq/trixie-backports", (package("jq", release="trixie-backports"),)),
        ("libsodium* lib?q5", (package("libsodium*"), package("lib?q5"))),
        ("\ufeffjq", (package("jq"),)),
    ],
)
def test_packages(text: str, expected: tuple[PackageRequest, ...]) -> None:
    """Words are packages; what begins with ``#`` is a comment up to the end of the line."""
    assert parse_aptfile(text) == Wanted(packages=expected)


def test_origin_is_the_line() -> None:
    """Every request remembers its line."""
    assert [one.origin for one in parse_aptfile("\njq\n\ncurl").packages] == ["Aptfile, line 2", "Aptfile, line 4"]


@pytest.mark.parametrize("url", ["https://x.test/a_1.0_amd64.deb", "https://x.test/get?file=a", "http://x.test/a.deb"])
def test_package_files(url: str) -> None:
    """An address is a package file, with or without its digest; that it is missing is told later."""
    expected = (PackageFile(url=url, sha256=DIGEST), PackageFile(url=url, sha256=""))

    assert parse_aptfile(f"{url}#sha256={DIGEST.upper()} {url}").files == expected


def test_repository() -> None:
    """``:repo:`` takes a whole line, as apt has it."""
    line = ":repo:deb [arch=amd64 signed-by=keys/pgdg.asc] https://apt.test/pub trixie-pgdg main contrib"

    assert parse_aptfile(line).repositories == (
        Repository(
            uri="https://apt.test/pub",
            suites=("trixie-pgdg",),
            components=("main", "contrib"),
            architectures=("amd64",),
            signed_by="keys/pgdg.asc",
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        ":repo:deb https://x.test ./",
        ":repo:deb https://x.test packages/",
        ":repo:deb [check-valid-until=no] file:/srv/mirror trixie main",
        ":repo:deb http://user:word@x.test/debian trixie main",
    ],
)
def test_other_repositories(line: str) -> None:
    """Flat repositories need no component; files and passwords may be in an address."""
    assert len(parse_aptfile(line).repositories) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("-o", "an option of apt is no package"),
        ("--allow-unauthenticated", "an option"),
        ("-oAPT::Update::Pre-Invoke::=touch", "an option"),
        ("jq:arm64", "another architecture"),
        ("JQ", "lower-case"),
        ("./jq", "lower-case"),
        ("../../etc", "lower-case"),
        ("$(id)", "lower-case"),
        ("jq;id", "lower-case"),
        ("jq\\n", "lower-case"),
        ("jq=", "a version has to follow"),
        ("jq=$(id)", "a version has to follow"),
        ("jq/", "a release has to follow"),
        ("jq/-o", "a release has to follow"),
        ("local.deb", "begins with https://"),
        ("ftp://x.test/a.deb", "begins with https://"),
        ("https://x.test/a.deb#md5=00", "'#sha256=' and 64"),
        ("https://x.test/a.deb#sha256=12", "'#sha256=' and 64"),
        (":repo:deb [trusted=yes] https://x.test trixie main", "a repository is always checked"),
        (":repo:deb [allow-insecure=yes] https://x.test trixie main", "a repository is always checked"),
        (":repo:deb [signed-by=../key] https://x.test trixie main", "neither a key nor"),
        (":repo:deb-src https://x.test trixie main", "expected 'deb'"),
        (":repo:deb https://x.test trixie", "a component has to follow"),
        (":repo:deb ssh://x.test trixie main", "is no address"),
        (":repo:deb cdrom:[x]/ trixie main", "is no address"),
        (":repo:https://x.test", "expected 'deb https://"),
        (":repo:deb https://x.test tri$xie main", "is no suite"),
        (":repo:deb https://x.test trixie ma]in", "is no component"),
    ],
)
def test_mistakes(line: str, problem: str) -> None:
    """What is no package, address or repository is refused with its line."""
    with pytest.raises(InvalidAptfileError) as raised:
        parse_aptfile(f"# first\n{line}\n")

    assert [mistake.line for mistake in raised.value.mistakes] == [2]
    assert problem in raised.value.mistakes[0].problem


def test_all_mistakes_are_told_at_once() -> None:
    """Each with its own line."""
    with pytest.raises(InvalidAptfileError) as raised:
        parse_aptfile("-a\njq\n-b -c\n")

    assert [(one.line, one.text) for one in raised.value.mistakes] == [(1, "-a"), (3, "-b"), (3, "-c")]
    assert raised.value.explain().what == "Aptfile, lines 1, 3: this cannot be installed"


@given(st.text(max_size=200))
def test_any_text_gives_safe_words_or_mistakes(text: str) -> None:
    """Whatever a file holds, what could reach apt's command line or its configuration is of harmless characters."""
    try:
        wanted = parse_aptfile(text)
    except InvalidAptfileError:
        return
    for one in wanted.packages:
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.*?-]*([=/][A-Za-z0-9][A-Za-z0-9.+:~*_-]*)?", f"{one.name}{one.suffix}")
    for file in wanted.files:
        assert re.fullmatch(r"(https?|file)://\S+", file.url)
    for repository in wanted.repositories:
        assert "\n" not in repr(repository)


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,20}", fullmatch=True), unique=True, max_size=8))
def test_names_come_back_in_order(names: list[str]) -> None:
    """Every name that Debian's policy allows is read as it is written."""
    names = [name for name in names if not name.endswith(".deb")]

    assert [one.name for one in parse_aptfile(" ".join(names)).packages] == names
