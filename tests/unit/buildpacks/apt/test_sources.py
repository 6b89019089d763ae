"""Where packages come from, and what apt is given to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.apt.apt import AptPlaces, configuration, parse_plan, parse_providers
from buildpacks.apt.errors import KeyNotFoundError, MirrorSettingError
from buildpacks.apt.repositories import ARMOURED, parse_line, render
from buildpacks.apt.sources import KeyedRepository, Sources, parse_mirrors, write_sources
from buildpacks.apt.wanted import Repository
from buildpacks.sdk.testing import BuildFailedError
from tests.unit.buildpacks.apt.archive import AptApp


def test_mirrors() -> None:
    """An address stands for the image's release; whole lines stand for themselves."""
    mirrors = parse_mirrors(" https://a.test/debian , deb http://b.test trixie-security main contrib,", "trixie")

    assert [(one.uri, one.suites, one.components) for one in mirrors] == [
        ("https://a.test/debian", ("trixie",), ("main",)),
        ("http://b.test", ("trixie-security",), ("main", "contrib")),
    ]


@pytest.mark.parametrize("setting", ["a.test/debian", "deb https://a.test", "deb [trusted=yes] https://a.test a b"])
def test_mirror_that_is_none(setting: str) -> None:
    """What is no address and no line is refused, and so is a mirror without signatures."""
    with pytest.raises(MirrorSettingError):
        parse_mirrors(setting, "trixie")


def test_stanza_of_a_repository() -> None:
    """A repository becomes a stanza of apt's newer form, field by field."""
    line = "deb [arch=amd64,arm64 signed-by=key.asc check-valid-until=no] https://x.test a b c"

    assert render(parse_line(line, ""), "/tmp/key-0.asc") == (
        "Types: deb\nURIs: https://x.test\nSuites: a\nComponents: b c\nArchitectures: amd64 arm64\n"
        "Signed-By: /tmp/key-0.asc\nCheck-Valid-Until: no\n"
    )


def _root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc/apt/sources.list.d").mkdir(parents=True)
    (root / "etc/apt/sources.list").write_text("deb http://image.test trixie main\n")
    (root / "etc/apt/sources.list.d/more.sources").write_text("Types: deb\n")
    (root / "etc/apt/sources.list.d/old.bak").write_text("no\n")
    return root


def test_image_s_lists_are_read_beside_the_app_s(tmp_path: Path) -> None:
    """Apt reads copies of the image's lists, and one file of ours with the keys beside it."""
    keyed = (
        KeyedRepository(repository=parse_line("deb https://x.test a b", ""), key=ARMOURED.encode()),
        KeyedRepository(repository=parse_line("deb https://y.test a b", ""), key=b"\x99binary"),
        KeyedRepository(repository=parse_line("deb https://z.test a b", ""), key=None),
    )
    directory = tmp_path / "etc"
    write_sources(Sources(image=_root(tmp_path), repositories=keyed), directory)
    names = {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}
    text = (directory / "sources.list.d/offramp.sources").read_text()

    assert names == {
        *("sources.list", "sources.list.d/more.sources", "sources.list.d/offramp.sources"),
        *("key-0.asc", "key-1.gpg"),
    }
    assert f"Signed-By: {directory}/key-0.asc" in text
    assert f"Signed-By: {directory}/key-1.gpg" in text
    assert text.count("Signed-By") == 2


def test_mirror_leaves_the_image_s_lists_out(tmp_path: Path) -> None:
    """With a mirror, apt asks nobody else."""
    mirror = KeyedRepository(repository=parse_line("deb https://mirror.test a b", ""), key=None)
    write_sources(Sources(image=None, repositories=(mirror,)), tmp_path / "etc")

    assert [file.name for file in (tmp_path / "etc").rglob("*") if file.is_file()] == ["offramp.sources"]


def test_digest_depends_on_lists_repositories_and_keys(tmp_path: Path) -> None:
    """Whatever changes which packages are found changes the digest; where an entry was written does not."""
    one = parse_line("deb https://x.test a b", "here")
    again = parse_line("deb https://x.test a b", "there")
    base = Sources(image=_root(tmp_path), repositories=(KeyedRepository(repository=one, key=b"k"),))
    digests = {
        base.digest,
        Sources(image=None, repositories=base.repositories).digest,
        Sources(image=base.image, repositories=()).digest,
        Sources(image=base.image, repositories=(KeyedRepository(repository=one, key=b"other"),)).digest,
    }

    assert len(digests) == 4
    same = Sources(image=base.image, repositories=(KeyedRepository(repository=again, key=b"k"),))
    assert same.digest == base.digest


REPOSITORY = ":repo:deb [signed-by={}] https://x.test trixie main\njq"


@pytest.mark.parametrize("key", ["keys/x.asc", "/usr/share/keyrings/x.gpg"])
def test_key_is_a_file_of_the_app_or_of_the_image(tmp_path: Path, key: str) -> None:
    """A relative path is looked up in the app, an absolute one in the build image."""
    app = AptApp(tmp_path, {"Aptfile": REPOSITORY.format(key), "keys/x.asc": ARMOURED})
    app.write_root("usr/share/keyrings/x.gpg", "key")

    assert "and https://x.test" in app.build().output


def test_key_that_is_missing(tmp_path: Path) -> None:
    """The error names the key, the repository and the line, before anything is fetched."""
    app = AptApp(tmp_path, {"Aptfile": REPOSITORY.format("keys/y.asc")})
    with pytest.raises(BuildFailedError, match="Aptfile, line 1") as failed:
        app.build()

    assert isinstance(failed.value.error, KeyNotFoundError)
    assert app.apt.programs.commands == []


def test_configuration_switches_no_check_off() -> None:
    """Apt keeps to its own directories, and every way around a signature is closed."""
    places = AptPlaces(kept=Path("/layers/kept"), scratch=Path("/tmp/x"), status=Path("/status"))
    text = configuration(places, "arm64", "/run/ca.crt")

    for line in (
        'APT::Architectures { "arm64"; };',
        'Dir::State::status "/status";',
        'Dir::State::lists "/layers/kept/lists";',
        'Dir::Cache::archives "/layers/kept/archives";',
        'Acquire::AllowInsecureRepositories "false";',
        'APT::Get::AllowUnauthenticated "false";',
        'Acquire::https::CAInfo "/run/ca.crt";',
    ):
        assert line in text.splitlines()


def test_plan_is_read_from_apt_s_words() -> None:
    """Addresses, file names and digests; everything else apt says is passed over."""
    lines = (
        "Reading package lists...",
        f"'http://x.test/jq_1%2b2.deb' jq_1+2_amd64.deb 100 SHA256:{'ab' * 32}",
        f"'file:/srv/a%20b.deb' a.deb 1 SHA256:{'cd' * 32}",
        "'http://x.test/old.deb' old.deb 1 MD5Sum:00",
    )
    http, file = parse_plan(lines)

    assert (http.file, http.sha256) == ("jq_1+2_amd64.deb", "ab" * 32)
    assert http.path(Path("/kept")) == Path("/kept/jq_1+2_amd64.deb")
    assert file.path(Path("/kept")) == Path("/srv/a b.deb")


def test_providers_are_read_from_apt_s_words() -> None:
    """The names after the last heading, each once."""
    lines = ("Package: mta", "Reverse Depends: ", "  x,mta", "Reverse Provides: ", "b 1 (= )", "a 2 (= )", "b 3 (= )")

    assert parse_providers(lines) == ("a", "b")
    assert parse_providers(lines[:3]) == ()


def test_repository_without_a_key_is_a_value_like_any_other() -> None:
    """Two repositories are equal whatever line they came from."""
    assert Repository(uri="x", suites=("a",), components=(), origin="1") == Repository(
        uri="x", suites=("a",), components=(), origin="2"
    )
