"""Root file systems for sandboxes: an image unpacked once, then shared read-only by every build that uses it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from builder.caches.in_use import mark_used
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import Image, serialize
from lifecycle_py.oci.verified_reader import open_verified

# Bubblewrap cannot make mount points in a read-only root, so every place a build may mount on is there beforehand.
_DIRECTORIES: Final = (
    "etc",
    "layers",
    "app",
    "workspace",
    "platform",
    "cnb",
    "cnb/buildpacks",
    "cnb/extensions",
    "tmp",
    "proc",
    "dev",
    "sys",
    "run",
)
_FILES: Final = ("etc/resolv.conf", "etc/hosts")


def unpack_image(image: Image, directory: Path) -> Path:
    """Give the root directory of an image below ``directory``, unpacking it when it is not there yet.

    It is named by the image's config digest, which covers every layer, and appears whole or not at all. Nothing in it
    needs an owner: inside a sandbox every file of another user is seen as nobody's, and all can be read.
    """
    root = directory / serialize(image).image_id.removeprefix("sha256:")
    if root.is_dir() and all((root / name).is_dir() for name in _DIRECTORIES):
        mark_used(root)
        return root
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory / f".{root.name}.lock"):
        _remove_partial(directory, root.name)
        if not root.is_dir():
            partial = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=directory))
            _unpack(image, partial)
            partial.rename(root)
        # A tree of an older version may lack a mount point; to add one disturbs nobody who uses it.
        _make_mount_points(root)
    return root


def _unpack(image: Image, root: Path) -> None:
    for layer in image.layers:
        with open_verified(layer, str(layer.file or root.parent)) as tar:
            unpack_layer(tar, root, UnpackRules())
    if os.geteuid() == 0:
        _make_readable(root)
    _make_mount_points(root)
    root.chmod(0o755)


def _make_mount_points(root: Path) -> None:
    for name in _DIRECTORIES:
        _clear_unless(root / name, stat.S_ISDIR)
        (root / name).mkdir(exist_ok=True)
    for name in _FILES:
        _clear_unless(root / name, stat.S_ISREG)
        (root / name).touch()


def _make_readable(root: Path) -> None:
    """Let the sandbox's user read everything, as it can when an ordinary user unpacked the image.

    Root's files stay root's, so that even an escaped process could not change them; a home directory that the image
    gave to its user with mode 0700 must be open nevertheless.
    """
    for parent, directories, files in os.walk(root):
        for name, needed in (*((name, 0o755) for name in directories), *((name, 0o444) for name in files)):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & needed != needed:
                path.chmod(stat.S_IMODE(mode) | needed)


def _clear_unless(path: Path, is_right: Callable[[int], bool]) -> None:
    """Remove what stands in the place of a mount point: an image's link must not lead us to the host's files."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode) and not is_right(mode):
        shutil.rmtree(path)
    elif not is_right(mode):
        path.unlink()


def _remove_partial(directory: Path, name: str) -> None:
    """Remove what a killed process left; the lock is ours, so nobody works on it."""
    for partial in directory.glob(f".{name}-*"):
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _alone(lock_file: Path) -> Iterator[None]:
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
