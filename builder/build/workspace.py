"""Work directories of builds and runs: made, locked while their process lives, and removed however it ends.

A process that was killed leaves its directory behind without a lock on it; the next one removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.layer_tar import Owner


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """The directories of one build on the host."""

    root: Path

    @property
    def app(self) -> Path:
        """The copy of the app that buildpacks change."""
        return self.root / "app"

    @property
    def layers(self) -> Path:
        """The layers directory."""
        return self.root / "layers"

    @property
    def platform(self) -> Path:
        """The platform directory; its ``env`` holds the user's variables."""
        return self.root / "platform"

    @property
    def blobs(self) -> Path:
        """Where new layer blobs are written, before the store and the cache link them."""
        return self.root / "blobs"

    @property
    def scratch(self) -> Path:
        """``/tmp`` of the build."""
        return self.root / "tmp"


@contextlib.contextmanager
def open_workspace(directory: Path, owner: Owner | None) -> Iterator[Workspace]:
    """Make a work directory for a build below ``directory``, writable for ``owner``, and remove it afterwards."""
    with open_work_directory(directory, owner) as root:
        workspace = Workspace(root=root)
        for path in (workspace.app, workspace.layers, workspace.platform, workspace.scratch):
            path.mkdir()
            # Only who builds may look in: platform/env holds secrets.
            path.chmod(0o700 if path == workspace.platform else 0o755)
            if owner is not None:
                os.chown(path, owner.uid, owner.gid)
        yield workspace


@contextlib.contextmanager
def open_work_directory(directory: Path, owner: Owner | None) -> Iterator[Path]:
    """Make an empty directory below ``directory`` that belongs to ``owner`` alone, and remove it afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    remove_abandoned(directory)
    root = Path(tempfile.mkdtemp(prefix="work-", dir=directory))
    lock = os.open(root / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if owner is not None:
            os.chown(root, owner.uid, owner.gid)
        yield root
    finally:
        remove_unwritable_tree(root)
        os.close(lock)


def remove_abandoned(directory: Path) -> None:
    """Remove the work directories of processes that no longer run."""
    for root in directory.glob("work-*"):
        try:
            lock = os.open(root / ".lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # just being made, or just being removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its process is alive
        else:
            remove_unwritable_tree(root)
        finally:
            os.close(lock)


def remove_unwritable_tree(root: Path) -> None:
    """Remove a tree even where a buildpack left directories without write permission, as Go's module cache does."""
    if os.geteuid() != 0:
        for parent, names, _ in os.walk(root):
            for path in (Path(parent, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
