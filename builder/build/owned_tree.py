"""A tree whose files have many owners: unpacked, looked at, turned into a layer and removed.

Root does all that itself. An ordinary user may not give files away nor read those of others, but root of its namespace
may; so there each step is a run of this very module inside of it: ``python -m builder.build.owned_tree STEP TREE``.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from builder.build.id_range import IdRange
from builder.errors import IdRangeError
from lifecycle_py.oci.changes_tar import Look, Watched, changes_tar, look_at
from lifecycle_py.oci.layer_tar import ROOT
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import Image
from lifecycle_py.oci.verified_reader import open_verified

# What the sandbox mounts over, and the files it shows its own version of: none of them is the image's business.
_DIRECTORIES = ("dev", "proc", "run", "run/offramp", "etc")
_FILES = ("etc/resolv.conf", "etc/hosts", "run/offramp/ca-certificates.crt")
_EXCLUDED = frozenset((b"/dev", b"/proc", b"/run/offramp", b"/etc/resolv.conf", b"/etc/hosts"))
_READ_SIZE = 1 << 20


class OwnedTree:
    """A tree at ``path``, whose owners on the host are those inside moved up by the range's shift."""

    def __init__(self, path: Path, ids: IdRange) -> None:
        """Nothing is made here."""
        self.path = path
        self._ids = ids
        self._here = os.geteuid() == 0
        self._look = Look({})

    def make(self, image: Image) -> None:
        """Unpack an image, and make what has to be there to be mounted over."""
        self.path.mkdir()
        self.path.chmod(0o755)
        for layer in image.layers:
            with open_verified(layer, str(layer.file or self.path.parent)) as tar:
                self.unpack(tar)
        if self._here:
            prepare(self.path, self._ids.shift)
        else:
            self._inside("prepare")

    def unpack(self, tar: BinaryIO) -> None:
        """Unpack a tar over the tree."""
        if self._here:
            unpack_layer(tar, self.path, _rules(self._ids.shift))
            return
        with self._started("unpack") as process:
            if process.stdin is None:
                raise ValueError("a step that reads has a pipe")
            while chunk := tar.read(_READ_SIZE):
                process.stdin.write(chunk)
            process.stdin.close()
            self._end(process)

    def look(self) -> None:
        """Note what is there."""
        if self._here:
            self._look = look_at(self._watched())
        else:
            self._inside("look")

    def changes(self) -> Iterator[bytes]:
        """Give the tar of what changed since the last look, and look again."""
        if self._here:
            yield from changes_tar(self._watched(), self._look)
        else:
            with self._started("changes") as process:
                while process.stdout and (chunk := process.stdout.read(_READ_SIZE)):
                    yield chunk
                self._end(process)
        self.look()

    def remove(self) -> None:
        """Remove the tree."""
        if self._here:
            shutil.rmtree(self.path, ignore_errors=True)
        elif self.path.exists():
            self._inside("remove")

    def _watched(self) -> Watched:
        return watched(self.path, self._ids.shift)

    def _inside(self, step: str) -> None:
        with self._started(step) as process:
            self._end(process)

    def _started(self, step: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._ids.enter(ROOT), sys.executable, "-m", "builder.build.owned_tree", step, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
        )

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.communicate() if process.stdin and not process.stdin.closed else process.wait()
        if process.returncode != 0:
            raise IdRangeError(problem=f"a step over the image's files ended with exit code {process.returncode}")


def watched(tree: Path, shift: int) -> Watched:
    """Give what is looked at in a tree."""
    return Watched(root=tree, excluded=_EXCLUDED, shift=shift)


def prepare(tree: Path, shift: int) -> None:
    """Make mount points; what an image has in their place stays, unless it is a link."""
    for name in _DIRECTORIES:
        path = tree / name
        if path.is_symlink():
            path.unlink()
        if not path.is_dir():
            path.mkdir()
            os.chown(path, shift, shift)
    for name in _FILES:
        path = tree / name
        if path.is_symlink():
            path.unlink()
        path.touch()
    os.chown(tree, shift, shift)


def step(name: str, tree: Path) -> None:
    """Do one step as root of the namespace."""
    notes = tree.with_name(f"{tree.name}.look")
    match name:
        case "prepare":
            prepare(tree, 0)
        case "unpack":
            unpack_layer(sys.stdin.buffer, tree, _rules(0))
        case "look":
            notes.write_bytes(pickle.dumps(dict(look_at(watched(tree, 0)).entries)))
        case "changes":
            # Its own notes, in a directory that is its user's alone.
            look = Look(pickle.loads(notes.read_bytes()))  # noqa: S301
            for chunk in changes_tar(watched(tree, 0), look):
                sys.stdout.buffer.write(chunk)
        case "remove":
            shutil.rmtree(tree, ignore_errors=True)
        case _:
            raise ValueError(name)


def _rules(shift: int) -> UnpackRules:
    return UnpackRules(shift=shift, keep_special_modes=True)


if __name__ == "__main__":
    step(sys.argv[1], Path(sys.argv[2]))
