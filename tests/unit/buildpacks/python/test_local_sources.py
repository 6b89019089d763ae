"""What is installed from the app's own source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildpacks.python.local_sources import (
    LocalSource,
    clean_source,
    digest_sources,
    sources_in_lock,
    sources_in_pipfile_lock,
)
from tests.support.trees import write_tree

UV = """
[[package]]
name = "app"
source = { editable = "." }
[[package]]
name = "lib"
source = { directory = "libs/lib" }
[[package]]
name = "wheel"
source = { path = "wheels/x.whl" }
[[package]]
name = "flask"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "virtual"
source = { virtual = "." }
"""
POETRY = """
[[package]]
name = "lib"
develop = true
[package.source]
type = "directory"
url = "libs/lib"
[[package]]
name = "wheel"
[package.source]
type = "file"
url = "wheels/x.whl"
[[package]]
name = "flask"
[package.source]
type = "legacy"
url = "https://pypi.org/simple"
"""
PIPFILE = {"default": {"lib": {"path": "./libs/lib", "editable": True}, "far": {"file": "https://x.test/y.whl"}}}


def test_sources_in_locks() -> None:
    """Each lock file names directories and archives in its own way; what comes from an index is none of them."""
    app = Path("/app")
    lib, wheel = app / "libs/lib", LocalSource(path=app / "wheels/x.whl")

    assert sources_in_lock(app, UV.encode()) == (
        LocalSource(path=app, is_editable=True),
        LocalSource(path=lib),
        wheel,
    )
    assert sources_in_lock(app, POETRY.encode()) == (LocalSource(path=lib, is_editable=True), wheel)
    assert sources_in_pipfile_lock(app, json.dumps(PIPFILE).encode()) == (LocalSource(path=lib, is_editable=True),)


@pytest.mark.parametrize("data", [b"", b"\xff", b"package = 3", b"[[package]]\nsource = 3", b'{"default": []}', b"[]"])
def test_sources_in_broken_locks(data: bytes) -> None:
    """A lock file that is broken is its package manager's to explain."""
    assert sources_in_lock(Path("/app"), data) == sources_in_pipfile_lock(Path("/app"), data) == ()


def test_digest_of_a_directory(tmp_path: Path) -> None:
    """Every file of a project that is installed counts, and none beside it."""
    write_tree(tmp_path, {"lib/setup.py": "1", "lib/src/m.c": "1", "other": "1"})
    source = (LocalSource(path=tmp_path / "lib"),)
    first = digest_sources(source)

    (tmp_path / "other").write_text("2")
    assert digest_sources(source) == first
    (tmp_path / "lib/src/m.c").write_text("2")
    assert digest_sources(source) != first


def test_digest_of_an_editable_directory(tmp_path: Path) -> None:
    """An editable project is used where it is: a new module or a changed project file counts, a line does not."""
    write_tree(tmp_path, {"pyproject.toml": "1", "src/one/m.py": "1"})
    source = (LocalSource(path=tmp_path, is_editable=True),)
    digests = [digest_sources(source)]

    (tmp_path / "src/one/m.py").write_text("2")
    assert digest_sources(source) == digests[0]
    for path in ("src/two/m.py", "top.py", "pyproject.toml"):
        write_tree(tmp_path, {path: "3"})
        digests.append(digest_sources(source))

    assert len(set(digests)) == 4


def test_digest_of_nothing() -> None:
    """An app that installs nothing of its own has no digest that could change."""
    assert digest_sources(()) == ""


def test_clean_source(tmp_path: Path) -> None:
    """By-products go; what is new besides stays and is named; what was there before is not touched."""
    write_tree(tmp_path, {"old.egg-info/x": "", "build/mine": "", "lib/a.py": ""})
    with clean_source(tmp_path) as left:
        write_tree(tmp_path, {"lib/build/x.o": "", "new.egg-info/y": "", "lib/fast.so": "", "build/theirs": ""})

    assert left == ["build/theirs", "lib/fast.so"]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "build/mine", "build/theirs", "lib/a.py", "lib/fast.so", "old.egg-info/x",
    ]  # fmt: skip
