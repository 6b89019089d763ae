"""The work directory of one build: made, locked while the build lives, and removed however it ends.

A build that was killed leaves its directory behind without a lock on it; the next build removes it.
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
    def scratch(self) -> Path:
        """``/tmp`` of the build."""
        return self.root / "tmp"


@contextlib.contextmanager
def open_workspace(directory: Path, owner: Owner | None) -> Iterator[Workspace]:
    """Make a work directory below ``directory``, writable for ``owner``, and remove it afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    remove_abandoned(directory)
    root = Path(tempfile.mkdtemp(prefix="build-", dir=directory))
    lock = os.open(root / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        workspace = Workspace(root=root)
        # Only who builds may look in: platform/env holds secrets.
        for path in (root, workspace.app, workspace.layers, workspace.platform, workspace.scratch):
            path.mkdir(exist_ok=True)
            path.chmod(0o700 if path in {root, workspace.platform} else 0o755)
            if owner is not None:
                os.chown(path, owner.uid, owner.gid)
        yield workspace
    finally:
        _remove(root)
        os.close(lock)


def remove_abandoned(directory: Path) -> None:
    """Remove the work directories of builds that no longer run."""
    for root in directory.glob("build-*"):
        try:
            lock = os.open(root / ".lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # just being made, or just being removed
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its build is alive
        else:
            _remove(root)
        finally:
            os.close(lock)


def _remove(root: Path) -> None:
    """Remove a tree even where a buildpack left directories without write permission, as Go's module cache does."""
    if os.geteuid() != 0:
        for parent, names, _ in os.walk(root):
            for path in (Path(parent, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)
