"""Which Python is asked for, by which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildpacks.python.errors import MisspelledVersionFileError, UnknownVersionError, UvNeedsVersionFileError
from buildpacks.python.package_manager import PackageManager
from buildpacks.python.python_version import VersionRequest, choose_version, find_request
from buildpacks.python.version_files import WantedVersion
from buildpacks.sdk import Version, parse_version

PIP, UV = PackageManager.PIP, PackageManager.UV
KNOWN = [parse_version(text) for text in ("3.9.20", "3.12.1", "3.12.9", "3.13.5", "3.13.18", "3.14.0rc1")]


def _app(tmp_path: Path, **files: str) -> Path:
    names = {"dot": ".python-version", "runtime": "runtime.txt"}
    for name, text in files.items():
        (tmp_path / names[name]).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "expected", "origin"),
    [
        ({}, None, "the stack's default"),
        ({"dot": "3.12"}, "3.12", ".python-version"),
        ({"runtime": "python-3.11.2"}, "3.11.2", "runtime.txt"),
        ({"dot": "3.12", "runtime": "python-3.11"}, "3.11", "runtime.txt"),
    ],
)
def test_find_request_precedence(tmp_path: Path, files: dict[str, str], expected: str | None, origin: str) -> None:
    """runtime.txt comes before .python-version, and that before the default."""
    request = find_request(_app(tmp_path, **files), PIP)

    assert (str(request.wanted) if request.wanted else None, request.origin) == (expected, origin)


def test_find_request_uv_ignores_runtime(tmp_path: Path) -> None:
    """Uv reads .python-version only; without it there is an error that mentions a runtime.txt."""
    _app(tmp_path, runtime="python-3.11")

    with pytest.raises(UvNeedsVersionFileError) as caught:
        find_request(tmp_path, UV)

    assert caught.value.has_runtime_file
    assert find_request(_app(tmp_path, dot="3.12"), UV).wanted == WantedVersion(3, 12)


@pytest.mark.parametrize(
    "name", ["python-version", ".python_version", ".Python-Version", ".python-version ", ".python-version.txt"]
)
def test_find_request_misspelled(tmp_path: Path, name: str) -> None:
    """A name that is nearly right is an error, which quotes it."""
    (tmp_path / name).write_text("3.13")

    with pytest.raises(MisspelledVersionFileError, match=name):
        find_request(tmp_path, PIP)


@pytest.mark.parametrize(
    ("wanted", "version", "expected"),
    [
        (None, "3.13.5", True),
        (WantedVersion(3, 13), "3.13.5", True),
        (WantedVersion(3, 13, 5), "3.13.5", True),
        (WantedVersion(3, 13, 4), "3.13.5", False),
        (WantedVersion(3, 12), "3.13.5", False),
        (None, "3.14.0rc1", False),
    ],
)
def test_request_accepts(wanted: WantedVersion | None, version: str, *, expected: bool) -> None:
    """A release line accepts each of its releases, a release only itself, and nothing accepts a preview."""
    assert VersionRequest(wanted=wanted, origin="x").accepts(parse_version(version)) is expected


def test_choose_version_newest() -> None:
    """Of a release line the newest is chosen."""
    assert choose_version(VersionRequest(wanted=WantedVersion(3, 12), origin="x"), KNOWN) == Version((3, 12, 9))


def test_choose_version_unknown() -> None:
    """An unknown version names the nearest ones, without previews and without what is too old."""
    with pytest.raises(UnknownVersionError) as caught:
        choose_version(VersionRequest(wanted=WantedVersion(3, 13, 6), origin=".python-version"), KNOWN)

    assert caught.value.nearest == ("3.13.5", "3.13.18", "3.12.9")
    assert caught.value.explain().what == "Python 3.13.6 isn't available"
