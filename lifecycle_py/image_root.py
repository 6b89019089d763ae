"""ImageRoot: the root file system of an image that is being extended, wherever it is.

The platform has it as a directory and runs commands in a sandbox over it; the extender program has it as the container
it runs in. The rest of extending is the same for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.model import Image
from lifecycle_py.session import Command, ExitStatus, OutputLine


class ImageRoot(Protocol):
    """**Port.** A root file system that is changed."""

    def run(self, command: Command, user: Owner, on_line: OutputLine) -> ExitStatus:
        """Run a command in it as a user by numbers; root may change everything in it.

        Raises when the command could not be started at all.
        """
        ...

    def apply(self, tar: BinaryIO) -> None:
        """Lay a tar over it; every entry keeps its owner."""
        ...

    def locate(self, path: str) -> Path:
        """Give where an absolute path of it leads on this host, following links inside of it only."""
        ...

    def changes(self) -> Iterator[bytes]:
        """Give the tar of what changed since it was opened or since the last call; no chunk when nothing did."""
        ...


class ImageRoots(Protocol):
    """**Port.** Opens root file systems of images."""

    def open(self, image: Image) -> AbstractContextManager[ImageRoot]:
        """Open the root file system of an image; at the end of the block it may be gone."""
        ...
