"""``offramp builder lifecycle``: what a platform engineer gives to ``pack builder create``."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.offramp import Installation, installation

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def offramp() -> Iterator[Installation]:
    """A fresh installation."""
    with installation() as one:
        yield one


def _members(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        program = tar.extractfile("lifecycle/lifecycle")
        assert program is not None
        return {name.rpartition("/")[0] for name in zipfile.ZipFile(io.BytesIO(program.read())).namelist()}


def test_same_call_gives_the_same_bytes(offramp: Installation, tmp_path: Path) -> None:
    """Fetched or at hand already, on this day or another: the archive is the same."""
    said = [offramp.run("builder", "lifecycle", "-o", tmp_path / name).stdout for name in ("one.tgz", "two.tgz")]

    assert [f"{tmp_path}/one.tgz\n", f"{tmp_path}/two.tgz\n"] == said
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()


def test_other_architecture_has_its_own_machine_code(offramp: Installation, tmp_path: Path) -> None:
    """Modules compiled by the stack's Python serve every architecture; extension modules and the launcher do not."""
    offramp.run("builder", "lifecycle", "-o", tmp_path / "l.tgz", "--arch", "arm64")
    members = _members(tmp_path / "l.tgz")
    with tarfile.open(tmp_path / "l.tgz") as archive:
        archive.extract("lifecycle/launcher", tmp_path, filter="data")

    assert {"modules/cpython-313", "modules/source"} <= members
    assert {"aarch64"} == {name.rpartition("-")[2] for name in members if name.startswith("native/")}
    assert 4 == len({name for name in members if name.startswith("native/")})
    launcher = (tmp_path / "lifecycle" / "launcher").read_bytes()
    assert 183 == int.from_bytes(launcher[18:20], "little")  # EM_AARCH64


def test_a_stack_that_is_not_there_is_told(offramp: Installation, tmp_path: Path) -> None:
    """Nothing is written for a name that means nothing."""
    done = offramp.run("builder", "lifecycle", "-o", tmp_path / "l.tgz", "--stack", "debian-99", code=2)

    assert "There is no stack 'debian-99'" in done.stderr
    assert not (tmp_path / "l.tgz").exists()
