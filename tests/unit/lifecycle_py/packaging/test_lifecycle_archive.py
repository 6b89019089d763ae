"""The archive that platforms embed."""

from __future__ import annotations

import re
import tarfile
import tomllib
from pathlib import Path

import pytest

from lifecycle_py.launcher import launcher_file
from lifecycle_py.packaging.errors import FetchWheelsError
from lifecycle_py.packaging.lifecycle_archive import descriptor, write_lifecycle_archive
from lifecycle_py.packaging.native import fetch_wheels, read_wheels


def _members(file: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(file) as archive:
        return {member.name: member for member in archive}


def test_archive_has_flat_files_and_a_link_for_each_phase(tmp_path: Path) -> None:
    """What ``pack`` looks for is there, at the depth it looks."""
    write_lifecycle_archive(b"program", "amd64", tmp_path / "l.tgz")
    members = _members(tmp_path / "l.tgz")
    phases = {"analyzer", "builder", "creator", "detector", "exporter", "extender", "rebaser", "restorer"}

    assert phases == {name.rpartition("/")[2] for name, member in members.items() if member.issym()}
    assert {"lifecycle"} == {member.linkname for member in members.values() if member.issym()}
    assert {"lifecycle.toml", "lifecycle", "lifecycle/lifecycle", "lifecycle/launcher"} < set(members)
    assert members["lifecycle/launcher"].size == launcher_file("amd64").stat().st_size
    assert all(member.mode & 0o111 for name, member in members.items() if name != "lifecycle.toml")


def test_same_program_gives_the_same_archive(tmp_path: Path) -> None:
    """Time, owner and umask of this machine are not in it."""
    for name in ("one", "two"):
        write_lifecycle_archive(b"program", "arm64", tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert {(0, 0, 315532801)} == {(one.uid, one.gid, one.mtime) for one in _members(tmp_path / "one").values()}


def test_descriptor_says_what_platforms_ask() -> None:
    """The version is one that platforms take for a lifecycle with a creator, extensions and an image of its own."""
    document = tomllib.loads(descriptor())
    version = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)-offramp\..+", document["lifecycle"]["version"])

    assert version is not None
    assert (0, 19, 0) <= tuple(map(int, version.groups()))
    assert {"0.12", "0.13", "0.14", "0.15"} <= set(document["apis"]["platform"]["supported"])
    assert {"0.8", "0.12"} <= set(document["apis"]["buildpack"]["supported"])
    assert "application/spdx+json" in document["lifecycle"]["sbom-formats"]


def test_a_wheel_that_is_not_what_was_pinned_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the right name with other contents goes, and what cannot be fetched instead is told."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))
    planted = tmp_path / "isal-1.9.1-cp311-cp311-manylinux2014_x86_64.whl"
    planted.write_bytes(b"evil")

    with pytest.raises(FetchWheelsError, match="isal"):
        fetch_wheels("amd64", tmp_path)
    assert not planted.exists()


def test_wheels_give_modules_and_machine_code(tmp_path: Path) -> None:
    """Extension modules are sorted by Python and machine; packages without a module of their own get one."""
    import zipfile

    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("backports/zstd/__init__.py", "import x")
        archive.writestr("backports/zstd/tarfile.py", "big")
        archive.writestr("backports/zstd/_zstd.cpython-313-aarch64-linux-gnu.so", b"ELF")
        archive.writestr("backports_zstd-1.dist-info/RECORD", "")
    read = read_wheels([wheel])

    assert {"backports": (True, ""), "backports.zstd": (True, "import x")} == read.sources["backports"]
    assert {"cpython-313-aarch64/backports": {"backports.zstd._zstd": b"ELF"}} == read.binaries
