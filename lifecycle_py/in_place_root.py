"""An image's root file system that is this container's own: Dockerfiles are applied where the program runs.

The extender program runs as root in a container of the image that is extended. What is mounted is not the image's, and
neither are the directories of the build.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lifecycle_py.errors import ProgramNotStartedError
from lifecycle_py.oci.changes_tar import Watched, changes_tar, look_at
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.layer_untar import UnpackRules, unpack_layer
from lifecycle_py.oci.model import Image
from lifecycle_py.session import Command, ExitStatus, OutputLine

_NEVER = ("/proc", "/sys", "/dev", "/kaniko", "/cnb/lifecycle")


class InPlaceRoots:
    """Implements ``ImageRoots`` over one directory, ``/`` in earnest."""

    def __init__(self, excluded: Iterable[Path], root: Path = Path("/")) -> None:
        """Leave out these directories, all mounts, and what belongs to the system."""
        self._excluded = tuple(excluded)
        self._root = root

    @contextmanager
    def open(self, image: Image) -> Iterator[InPlaceRoot]:
        """Give the place itself: the platform has started a container of the image."""
        del image
        mounts = _mount_points() if self._root == Path("/") else ()
        names = (*_NEVER, *mounts, *map(str, self._excluded))
        excluded = frozenset(os.fsencode(name) for name in names if name != "/")
        yield InPlaceRoot(Watched(root=self._root, excluded=excluded))


class InPlaceRoot:
    """Implements ``ImageRoot``."""

    def __init__(self, watched: Watched) -> None:
        """Look at what is there before anything changes."""
        self._watched = watched
        self._look = look_at(watched)

    def run(self, command: Command, user: Owner, on_line: OutputLine) -> ExitStatus:
        """Run a command as a user; changing the user takes root.

        Raises:
            ProgramNotStartedError: there is no such program, or it may not be run.
        """
        change = (user.uid, user.gid) != (os.getuid(), os.getgid())
        try:
            process = subprocess.Popen(
                command.argv,
                env={name: os.fsdecode(value) for name, value in command.env.items()},
                cwd=self.locate(str(command.working_dir)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                user=user.uid if change else None,
                group=user.gid if change else None,
                extra_groups=() if change else None,
                umask=0o022,
            )
        except OSError as error:
            raise ProgramNotStartedError(program=command.argv[0], problem=error.strerror or str(error)) from error
        with process:
            for line in process.stdout or ():
                on_line(line.decode(errors="replace").rstrip("\n"))
        code = process.returncode
        return ExitStatus(code if code >= 0 else 128 - code)

    def apply(self, tar: BinaryIO) -> None:
        """Unpack a tar over the root."""
        unpack_layer(tar, self._watched.root, UnpackRules(shift=0, keep_special_modes=True))

    def locate(self, path: str) -> Path:
        """Follow links as every program here does."""
        return self._watched.root / path.lstrip("/")

    def changes(self) -> Iterator[bytes]:
        """Give the tar of what changed since the last look, and look again."""
        yield from changes_tar(self._watched, self._look)
        self._look = look_at(self._watched)


def _mount_points() -> tuple[str, ...]:
    """Read which directories are mounts; blanks in their names are written as octal numbers."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return tuple(line.split(" ")[4].replace("\\040", " ") for line in lines)
