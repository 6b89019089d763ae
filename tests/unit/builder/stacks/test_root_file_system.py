"""Root file systems: unpacked once, whole or not at all, and never outside of their directory."""

from __future__ import annotations

import os
from pathlib import Path

from builder.stacks.base_tar import Entry, file_entry, write_entries
from builder.stacks.root_file_system import unpack_image
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import Image, ImageConfig
from lifecycle_py.oci.tar_header import DIRECTORY, SYMLINK


def _image(directory: Path, *entries: Entry) -> Image:
    return Image(config=ImageConfig(), layers=(BlobDirectory(directory).write_layer(write_entries(entries)),))


def test_unpack_image_makes_mount_points(tmp_path: Path) -> None:
    """Everything a sandbox mounts on is there, whatever the image brings."""
    root = unpack_image(_image(tmp_path / "blobs", file_entry("/usr/x", b"x")), tmp_path / "roots")

    assert (root / "usr/x").read_bytes() == b"x"
    assert all((root / name).is_dir() for name in ("layers", "app", "platform", "cnb", "tmp", "proc", "dev", "run"))
    assert (root / "etc/resolv.conf").is_file()


def test_unpack_image_keeps_what_is_there(tmp_path: Path) -> None:
    """The second call gives the same directory, and notes only that it was used."""
    image = _image(tmp_path / "blobs", file_entry("/x", b"x"))
    first = unpack_image(image, tmp_path / "roots")
    before = (first / "x").stat()
    os.utime(first, (0, 0))

    assert unpack_image(image, tmp_path / "roots") == first
    assert (first / "x").stat().st_ctime_ns == before.st_ctime_ns
    assert first.stat().st_mtime > before.st_mtime - 60


def test_unpack_image_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    """A half-unpacked directory is never used, and goes."""
    image = _image(tmp_path / "blobs", file_entry("/x", b"x"))
    root = unpack_image(image, tmp_path / "roots")
    partial = root.rename(root.with_name(f".{root.name}-killed"))
    unpack_image(image, tmp_path / "roots")

    assert root.is_dir()
    assert not partial.exists()


def test_links_do_not_lead_to_the_host(tmp_path: Path) -> None:
    """An image whose ``/etc`` is a link to a directory of the host gets one of its own."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link = Entry(path="/etc", kind=SYMLINK, mode=0o777, link=str(outside))
    root = unpack_image(_image(tmp_path / "blobs", link), tmp_path / "roots")

    assert list(outside.iterdir()) == []
    assert not (root / "etc").is_symlink()


def test_links_in_place_of_mount_points_are_replaced(tmp_path: Path) -> None:
    """A name service file that is a link, as on many systems, becomes a file to mount on."""
    entries = (
        Entry(path="/etc", kind=DIRECTORY, mode=0o755),
        Entry(path="/etc/resolv.conf", kind=SYMLINK, mode=0o777, link="../run/stub.conf"),
    )
    root = unpack_image(_image(tmp_path / "blobs", *entries), tmp_path / "roots")

    assert not (root / "etc/resolv.conf").is_symlink()
