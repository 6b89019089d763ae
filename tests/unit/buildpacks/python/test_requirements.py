"""What a pip environment depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.python.local_sources import LocalSource
from buildpacks.python.requirements import local_sources, requirements_digest
from buildpacks.python.site_packages import remove_timestamps


def _write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        (directory / f"{name}.txt").write_text(text)


def test_digest_follows_includes(tmp_path: Path) -> None:
    """A change in an included file, at any depth, changes the digest; another file does not."""
    _write(tmp_path, requirements="-r base.txt\n-c limits.txt", base="--requirement=deep.txt", limits="a<2", deep="a")
    first = requirements_digest(tmp_path)

    _write(tmp_path, other="x")
    assert requirements_digest(tmp_path) == first
    _write(tmp_path, deep="b")
    second = requirements_digest(tmp_path)
    _write(tmp_path, limits="a<3")

    assert len({first, second, requirements_digest(tmp_path)}) == 3


def test_digest_cycle_and_missing(tmp_path: Path) -> None:
    """Files that include each other, or one that is missing, do no harm: pip will explain them."""
    _write(tmp_path, requirements="-r requirements.txt\n-r gone.txt  # note")

    assert requirements_digest(tmp_path)


@pytest.mark.parametrize(
    ("line", "path", "editable"),
    [
        ("-e .", "", True),
        ("--editable=./lib[extra]", "lib", True),
        ("-e lib", "lib", True),
        (".", "", False),
        (".[fast]", "", False),
        ("./wheels/x.whl ; python_version > '3'", "wheels/x.whl", False),
        ("lib @ file:///app/lib", "/app/lib", False),
        ("file:///app/lib#egg=lib", "/app/lib", False),
        ("django>=5", None, False),
        ("lib @ https://example.test/x.whl", None, False),
        ("-e git+https://example.test/x.git", None, False),
        ("# -e .", None, False),
    ],
)
def test_local_sources(tmp_path: Path, line: str, path: str | None, *, editable: bool) -> None:
    """Something installed from the app's own source is recognised."""
    _write(tmp_path, requirements=f"a\n{line}\n")

    expected = () if path is None else (LocalSource(path=tmp_path / path, is_editable=editable),)
    assert local_sources(tmp_path) == expected


def test_remove_timestamps(tmp_path: Path) -> None:
    """Uv's notes about times go, with their line in RECORD; a file linked to uv's cache is not written through."""
    info = tmp_path / "app-1.dist-info"
    info.mkdir()
    cached = tmp_path / "cached"
    cached.write_text("app.pth,sha256=x,1\napp-1.dist-info/uv_cache.json,sha256=y,2\n")
    (info / "RECORD").hardlink_to(cached)
    (info / "uv_cache.json").write_text("{}")

    remove_timestamps(tmp_path)

    assert [path.name for path in info.iterdir()] == ["RECORD"]
    assert (info / "RECORD").read_text() == "app.pth,sha256=x,1\n"
    assert "uv_cache" in cached.read_text()
