"""Images unpacked for running: the layers above the run image, kept for the next run of the same image.

A tree in use is locked, so that no other run removes it; the least recently used ones go when there are many.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle_py.caches.tree_pool import remove_tree
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import Layer
from lifecycle_py.oci.verified_reader import open_verified

_KEPT = 4


@contextlib.contextmanager
def open_run_tree(directory: Path, digest: str, layers: Sequence[Layer]) -> Iterator[Path]:
    """Give the unpacked layers of the image with this digest, locked; they are unpacked unless they are there."""
    tree = directory / digest.replace(":", "-")
    while True:
        if not tree.is_dir():
            _unpack(layers, tree)
        descriptor = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if _is_still(descriptor, tree):
            break
        os.close(descriptor)  # removed between our look and our lock: once more
    try:
        os.utime(tree)
        _remove_unused(directory)
        yield tree
    finally:
        os.close(descriptor)


def _unpack(layers: Sequence[Layer], tree: Path) -> None:
    tree.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=tree.parent))
    try:
        for layer in layers:
            with open_verified(layer, str(layer.file or tree.parent)) as tar:
                unpack_layer(tar, partial, UnpackRules())
        partial.chmod(0o755)
        with contextlib.suppress(OSError):  # another run was quicker, with the same contents
            partial.rename(tree)
    finally:
        remove_tree(partial)


def _remove_unused(directory: Path) -> None:
    newest = sorted(directory.glob("sha256-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for tree in newest[_KEPT:]:
        with contextlib.suppress(OSError):
            descriptor = os.open(tree, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while somebody runs it
                remove_tree(tree)
            finally:
                os.close(descriptor)


def _is_still(descriptor: int, tree: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), tree.stat())
    except FileNotFoundError:
        return False
