"""Wrapping classic buildpacks, so that a lifecycle sees a cloud native one."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from builder.build.staging import stage_for_others
from builder.choice.find import Finder
from builder.choice.wanted import Wanted
from builder.choice.wrap_classic import classic_name, is_classic, tree_digest, wrap_classic
from lifecycle_py.output import SilentReporter
from lifecycle_py.spec.buildpack_toml import read_buildpack
from tests.support.trees import read_tree, write_tree

CLASSIC = {
    "bin/detect": "#!/bin/sh\necho Test",
    "bin/compile": "#!/bin/sh\n. lib/common.sh",
    "lib/common.sh": "true\n",
    "lib/deep/lib/x": "x",
    "bin/alias": "-> compile",
    "dangling": "-> nowhere",
}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("bin/compile", "bin/detect"), True),
        (("bin/compile", "bin/detect", "buildpack.toml"), True),
        (("bin/build", "bin/detect", "buildpack.toml"), False),
        (("bin/compile", "bin/build", "buildpack.toml"), False),
        (("bin/detect",), False),
    ],
)
def test_is_classic(tmp_path: Path, files: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001
    """A buildpack with bin/compile is classic, whatever the registry adds, unless it has bin/build."""
    write_tree(tmp_path, dict.fromkeys(files, ""))

    assert is_classic(tmp_path) is expected


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("https://github.com/heroku/heroku-buildpack-apt.git#v1.2", "heroku-buildpack-apt"),
        ("https://example.com/packs/my_pack.tgz?x#sha256=00", "my-pack"),
        ("https://example.com/packs/my_pack.tar.gz", "my-pack"),
        ("../packs/c_tools/", "c-tools"),
        (".", "buildpack"),
    ],
)
def test_classic_name(reference: str, name: str) -> None:
    """The last part of what it was asked for by, with the characters an id may have."""
    assert classic_name(reference) == name


def test_wrapped_buildpack_describes_itself(tmp_path: Path) -> None:
    """It has an id of its own, keeps config vars out of its environment, and holds the classic one unchanged."""
    classic = write_tree(tmp_path / "pack", CLASSIC)
    wrapped = wrap_classic(classic, "pack", tmp_path / "cache")
    buildpack = read_buildpack(wrapped)

    assert (buildpack.id, buildpack.name, buildpack.clear_env) == ("classic/pack", "pack", True)
    assert [target.arch for target in buildpack.targets] == ["amd64", "arm64"]
    assert read_tree(wrapped / "classic") == read_tree(classic)
    assert os.access(wrapped / "classic/bin/compile", os.X_OK)


def test_version_and_place_follow_the_contents(tmp_path: Path) -> None:
    """The same contents are wrapped once; a changed file or right is another version."""
    classic = write_tree(tmp_path / "pack", CLASSIC)
    first = wrap_classic(classic, "pack", tmp_path / "cache")
    assert wrap_classic(classic, "pack", tmp_path / "cache") == first

    (classic / "lib/common.sh").write_text("false\n")
    second = wrap_classic(classic, "pack", tmp_path / "cache")

    assert second != first
    assert read_buildpack(second).version != read_buildpack(first).version


def test_digest_sees_names_contents_links_and_rights_only(tmp_path: Path) -> None:
    """Times and git's own files do not matter; everything a script could see does."""
    one = write_tree(tmp_path / "one", {**CLASSIC, ".git/HEAD": "x"})
    same = write_tree(tmp_path / "same", CLASSIC)
    os.utime(same / "bin/detect", (0, 0))
    assert tree_digest(one) == tree_digest(same)

    (same / "bin/detect").chmod(0o644)
    assert tree_digest(one) != tree_digest(same)


def _wanted(reference: str, base: Path) -> Wanted:
    return Wanted(reference=reference, place="--buildpack", base=base, trusted=True)


def test_finder_wraps_directories_and_archives(tmp_path: Path) -> None:
    """``--buildpack`` takes a classic buildpack as it lies on disk, or packed."""
    classic = write_tree(tmp_path / "pack", CLASSIC)
    with tarfile.open(tmp_path / "packed.tgz", "w:gz") as archive:
        archive.add(
            classic, "heroku-buildpack-x-1.0", filter=lambda one: None if one.name.endswith("dangling") else one
        )
    finder = Finder(known={}, cache=tmp_path / "cache", reporter=SilentReporter())
    plain = read_buildpack(finder.find(_wanted("./pack", tmp_path)))
    packed = finder.find(_wanted("./packed.tgz", tmp_path))

    assert str(plain.id) == "classic/pack"
    assert str(read_buildpack(packed).id) == "classic/packed"
    assert (packed / "classic/lib/common.sh").read_text() == "true\n"


def test_staged_buildpack_keeps_all_of_the_classic_one(tmp_path: Path) -> None:
    """Staging leaves out a source tree's own ``lib`` only, and no directory of that name further down."""
    classic = write_tree(tmp_path / "pack", CLASSIC)
    staged = stage_for_others(wrap_classic(classic, "pack", tmp_path / "cache"), tmp_path / "staged")

    assert read_tree(staged / "classic") == read_tree(classic)
    assert (staged / "lib/buildpacks/heroku_classic/buildpack.py").is_file()
    assert not (staged / "lib/buildpacks/heroku_classic/classic").exists()


def test_buildpack_of_others_is_staged_whole(tmp_path: Path) -> None:
    """A buildpack that is not written with our SDK keeps its ``lib``."""
    toml = 'api = "0.10"\n[buildpack]\nid = "some/pack"\nversion = "1.0.0"\n'
    foreign = write_tree(tmp_path / "pack", {"buildpack.toml": toml, "bin/build": "#!/bin/sh", "lib/x.sh": "x"})
    staged = stage_for_others(foreign, tmp_path / "staged")

    assert read_tree(staged) == read_tree(foreign)
