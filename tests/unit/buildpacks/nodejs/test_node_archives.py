"""Node.js from archives as nodejs.org has them, in place of npm's packages."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from buildpacks.nodejs import errors
from buildpacks.sdk import ChecksumMismatchError
from buildpacks.sdk.testing import BuildFailedError
from tests.support.node_app import NodeApp

NAME = "node-v24.21.0-linux-x64.tar.xz"
LOCK = {"package-lock.json": "{}"}


def archive(*names: str) -> bytes:
    """Make an archive with one directory around its files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(f"node-v24.21.0-linux-x64/{name}"), io.BytesIO())
    return buffer.getvalue()


def app_with(tmp_path: Path, data: bytes, sha256: str = "", *, names_it: bool = True) -> NodeApp:
    """Lay out an app whose Node.js comes from a mirror of nodejs.org's directory."""
    place = tmp_path / "dist" / "v24.21.0"
    place.mkdir(parents=True)
    (place / NAME).write_bytes(data)
    line = f"{sha256 or hashlib.sha256(data).hexdigest()}  {NAME}\n" if names_it else ""
    (place / "SHASUMS256.txt").write_text(f"{'0' * 64}  node-v24.21.0-headers.tar.xz\n{line}")
    return NodeApp(tmp_path, {}, LOCK, user_env={"OFFRAMP_NODE_SOURCE": (tmp_path / "dist").as_uri()})


def test_archive_of_a_mirror(tmp_path: Path) -> None:
    """It is verified by the list beside it; its own npm makes way for the one that the app asks for."""
    data = archive("bin/node", "bin/npm", "lib/node_modules/npm/index.js", "include/node/node.h", "README.md")

    layer = app_with(tmp_path, data).build().layer("node").path

    found = (path.relative_to(layer) for path in layer.rglob("*") if path.is_file())
    files = sorted(str(path) for path in found if not path.parts[0].startswith(("env", "exec.d")))
    assert files == ["bin/node", "include/node/node.h"]


def test_another_file_is_not_unpacked(tmp_path: Path) -> None:
    """A checksum other than the list's ends the build."""
    app = app_with(tmp_path, archive("bin/node"), "1" * 64)

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, ChecksumMismatchError)
    assert not list((app.layers_dir / "node").iterdir())


def test_archive_that_the_list_does_not_name(tmp_path: Path) -> None:
    """Nothing is unpacked that could not be verified."""
    with pytest.raises(BuildFailedError) as failed:
        app_with(tmp_path, archive("bin/node"), names_it=False).build()

    assert isinstance(failed.value.error, errors.UnverifiableNodeError)
    assert "SHASUMS256.txt' does not name it" in failed.value.output


def test_archive_without_node(tmp_path: Path) -> None:
    """An archive of something else is named."""
    with pytest.raises(BuildFailedError) as failed:
        app_with(tmp_path, archive("bin/python")).build()

    assert isinstance(failed.value.error, errors.InvalidNodeArchiveError)


def test_one_archive_by_its_address(tmp_path: Path) -> None:
    """NODE_BINARY_URL names it together with its checksum, and is refused without."""
    data = archive("bin/node")
    (tmp_path / NAME).write_bytes(data)
    url = (tmp_path / NAME).as_uri()
    digest = hashlib.sha256(data).hexdigest()

    built = NodeApp(tmp_path / "a", {}, LOCK, user_env={"NODE_BINARY_URL": f"{url}#sha256={digest}"}).build()
    with pytest.raises(BuildFailedError) as failed:
        NodeApp(tmp_path / "b", {}, LOCK, user_env={"NODE_BINARY_URL": url}).build()

    assert (built.layer("node").path / "bin/node").is_file()
    assert isinstance(failed.value.error, errors.UnverifiableNodeError)
