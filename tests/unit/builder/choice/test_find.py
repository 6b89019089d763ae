"""From names of buildpacks to directories; archives and repositories are local ones made for the test."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.choice.find import Finder, apply_choice
from builder.choice.rules import Choice
from builder.choice.wanted import Wanted
from builder.errors import (
    BuildpackNotFoundError,
    BuildpackOutsideError,
    BuildpackRepositoryError,
    BuildpackTwiceError,
    BuildpackVersionError,
    NotABuildpackError,
    UnpinnedBuildpackError,
)
from builder.images.builder_toml import read_builder
from buildpacks.sdk import ChecksumMismatchError
from lifecycle_py.output import Kind, RecordingReporter
from lifecycle_py.spec.buildpack_toml import read_buildpack
from tests.support.trees import write_tree

FILES = {
    "buildpack.toml": 'api = "0.12"\n[buildpack]\nid = "acme/pack"\nversion = "1.0.0"\n',
    "bin/detect": "#!/bin/sh\n",
    "bin/build": "#!/bin/sh\n",
}
Find = Callable[..., Path]


@pytest.fixture
def reporter() -> RecordingReporter:
    """Remembers what is said."""
    return RecordingReporter()


@pytest.fixture
def find(tmp_path: Path, reporter: RecordingReporter) -> Find:
    """Find a buildpack for the user, or for a file of the app in ``tmp_path / "app"``."""
    known = {str(read_buildpack(one).id): one for one in read_builder().buildpacks}
    finder = Finder(known=known, cache=tmp_path / "cache", reporter=reporter)
    (tmp_path / "app").mkdir()

    def find_one(reference: str, *, trusted: bool = True) -> Path:
        return finder.find(Wanted(reference=reference, place="app.json:3", base=tmp_path / "app", trusted=trusted))

    return find_one


def archive_of(tmp_path: Path) -> tuple[Path, str]:
    """Make a tarball as code hosts give it, and its digest."""
    write_tree(tmp_path / "source" / "pack-1.0", FILES)
    file = tmp_path / "pack.tgz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(tmp_path / "source" / "pack-1.0", "pack-1.0")
    return file, hashlib.sha256(file.read_bytes()).hexdigest()


def repository_of(tmp_path: Path) -> tuple[str, str]:
    """Make a git repository, and give its address and commit."""
    directory = write_tree(tmp_path / "pack.git", FILES)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "x"), ("tag", "v1")):
        subprocess.run(["git", "-C", directory, *identity, *arguments], check=True)
    done = subprocess.run(["git", "-C", directory, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return f"file://{directory}", done.stdout.strip()


def test_heroku_s_name_gives_ours(find: Find) -> None:
    """Apps keep the names they have on Heroku."""
    assert find("heroku/python").name == "python"


@pytest.mark.parametrize("vendor", ["offramp", "heroku"])
def test_unknown_name_is_told_with_the_nearest(find: Find, vendor: str) -> None:
    """A misspelled id is an error that knows who asked, and Heroku's names, too."""
    with pytest.raises(BuildpackNotFoundError) as raised:
        find(f"{vendor}/pyhton")

    assert f"Did you mean '{vendor}/python'?" in raised.value.explain().fix
    assert "app.json:3 asks for it" in raised.value.explain().why


def test_heroku_s_buildpack_without_ours_is_told(tmp_path: Path, reporter: RecordingReporter) -> None:
    """A buildpack of Heroku's that nothing in the builder replaces is named as such."""
    finder = Finder(known={}, cache=tmp_path, reporter=reporter)

    with pytest.raises(BuildpackNotFoundError, match="nothing here that replaces 'heroku/ruby'"):
        finder.find(Wanted(reference="heroku/ruby", place="app.json:3", base=tmp_path, trusted=False))


def test_another_version_is_refused(find: Find) -> None:
    """A version is obeyed or refused, never ignored."""
    with pytest.raises(BuildpackVersionError):
        find("offramp/python@9.9.9")


def test_directory_of_the_app(find: Find, tmp_path: Path) -> None:
    """A file of the app may name a buildpack inside of the app."""
    write_tree(tmp_path / "app" / "packs" / "mine", FILES)

    assert find("packs/mine", trusted=False) == (tmp_path / "app" / "packs" / "mine").resolve()


@pytest.mark.parametrize(
    "reference", ["../outside", "/etc", "file:///srv/pack.tgz", "http://example.com/pack.tgz", "ext::sh"]
)
def test_file_of_the_app_may_not_name_what_is_outside(find: Find, tmp_path: Path, reference: str) -> None:
    """An app written by somebody else gets nothing of this machine into the build, and no address without TLS."""
    write_tree(tmp_path / "outside", FILES)
    (tmp_path / "app" / "ext::sh").symlink_to("/etc")
    with pytest.raises(BuildpackOutsideError):
        find(reference, trusted=False)


def test_directory_that_is_no_buildpack(find: Find, tmp_path: Path) -> None:
    """A directory without a descriptor is told, not tried."""
    (tmp_path / "app" / "empty").mkdir()
    with pytest.raises(NotABuildpackError):
        find("./empty")


def test_archive_with_its_digest(find: Find, tmp_path: Path) -> None:
    """An archive is checked, unpacked without its outer directory, and kept for the next build."""
    file, digest = archive_of(tmp_path)
    found = find(f"file://{file}#sha256={digest}")
    file.unlink()

    assert read_buildpack(found).id == "acme/pack"
    assert find(f"file://{file}#sha256={digest}") == found


def test_archive_without_digest_is_told_the_one_to_add(find: Find, tmp_path: Path) -> None:
    """Nothing is unpacked before it was checked; the error has the address to write."""
    file, digest = archive_of(tmp_path)
    with pytest.raises(UnpinnedBuildpackError) as raised:
        find(f"file://{file}")

    assert raised.value.sha256 == digest
    assert not list((tmp_path / "cache").iterdir())


def test_archive_with_another_digest_is_refused(find: Find, tmp_path: Path) -> None:
    """A changed archive is not unpacked."""
    file, _ = archive_of(tmp_path)
    with pytest.raises(ChecksumMismatchError):
        find(f"file://{file}#sha256={'0' * 64}")

    assert not list((tmp_path / "cache").iterdir())


def test_archive_of_this_machine(find: Find, tmp_path: Path) -> None:
    """A local archive is somebody's file, and needs no digest."""
    file, _ = archive_of(tmp_path)

    assert read_buildpack(find(str(file))).id == "acme/pack"


@pytest.mark.parametrize("ref", ["", "#main", "#v1"])
def test_repository_without_a_commit_warns(find: Find, tmp_path: Path, reporter: RecordingReporter, ref: str) -> None:
    """A branch or tag works as on Heroku, and the log has the address that stays the same."""
    url, commit = repository_of(tmp_path)

    assert read_buildpack(find(url + ref)).id == "acme/pack"
    assert any(f"{url}#{commit}" in text for text in reporter.texts(Kind.WARNING))


def test_repository_at_a_commit(find: Find, tmp_path: Path, reporter: RecordingReporter) -> None:
    """A commit is fetched once and used silently."""
    url, commit = repository_of(tmp_path)
    found = find(f"{url}#{commit}")

    assert not (found / ".git").exists()
    assert reporter.texts(Kind.WARNING) == []


def test_repository_that_is_not_there(find: Find, tmp_path: Path) -> None:
    """Git's own words are kept, with who asked."""
    with pytest.raises(BuildpackRepositoryError, match=r"app\.json:3") as raised:
        find(f"file://{tmp_path}/nowhere.git")

    assert "nowhere.git" in raised.value.problem


def test_chosen_group_reads_the_procfile_beside(reporter: RecordingReporter, tmp_path: Path) -> None:
    """The list is the whole group, in its order; the Procfile follows where Heroku would read it."""
    wanted = (Wanted(reference="heroku/python", place="app.json:1", base=tmp_path),)
    choice = Choice(rule="app.json", wanted=wanted, with_procfile=True)
    builder = apply_choice(choice, read_builder(), tmp_path / "cache", reporter)

    assert [(str(one.id), one.optional) for one in builder.order.groups[0]] == [
        ("offramp/python", False),
        ("offramp/procfile", True),
    ]


def test_two_of_one_id_are_refused(reporter: RecordingReporter, tmp_path: Path) -> None:
    """The same buildpack twice, or two classic ones of one name, would write each other's layers."""
    write_tree(tmp_path, {"a/tool/bin/compile": "1", "b/tool/bin/compile": "2"})
    wanted = tuple(
        Wanted(reference=f"./{one}/tool", place=f".buildpacks:{line}", base=tmp_path)
        for line, one in enumerate("ab", start=1)
    )
    with pytest.raises(BuildpackTwiceError, match="classic/tool") as raised:
        apply_choice(Choice(rule=".buildpacks", wanted=wanted), read_builder(), tmp_path / "cache", reporter)

    assert raised.value.places == (".buildpacks:1", ".buildpacks:2")
