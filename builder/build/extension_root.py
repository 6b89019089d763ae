"""The root file system of an image that extensions change: unpacked for this alone, with every owner, then changed.

Commands run in a sandbox whose root is the tree, as the user the Dockerfile says, in a user namespace with a range of
ids (``id_range``); so a package manager works as in a container, and nothing outside of the tree can be reached.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from builder.build.bwrap_arguments import BwrapCommandLine
from builder.build.bwrap_process import Bwrap
from builder.build.executor import Mount, Network
from builder.build.host import require_sandbox
from builder.build.host_passage import build_passage, write_passage
from builder.build.id_range import IdRange, open_id_range
from builder.build.owned_tree import OwnedTree
from builder.build.sandbox import give_lines
from builder.build.workspace import open_work_directory
from builder.errors import CommandNotStartedError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.model import Image
from lifecycle_py.session import Command, ExitStatus, OutputLine

HOST_NAME = "offramp"
_MOST_LINKS = 40
# What a container's root may do: all that concerns its own files and processes.
_CAPABILITIES = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxRoots:
    """Implements ``ImageRoots``: a tree below ``work``, and bubblewrap over it."""

    work: Path
    network: Network = Network.HOST

    @contextmanager
    def open(self, image: Image) -> Iterator[SandboxRoot]:
        """Unpack an image; the tree is removed when the block ends.

        Raises:
            SandboxUnavailableError, IdRangeError: this host cannot run commands as root of a tree.
        """
        bwrap, _ = require_sandbox()
        with open_id_range() as ids, open_work_directory(self.work, None) as directory:
            directory.chmod(0o755)  # who runs commands has to come through
            tree = OwnedTree(directory / "root", ids)
            try:
                tree.make(image)
                passage = build_passage(self.network, HOST_NAME, os.environ)
                files = write_passage(passage, directory)
                yield SandboxRoot(tree, RootSandbox(bwrap, ids, self.network, files, passage.env))
            finally:
                tree.remove()


class SandboxRoot:
    """Implements ``ImageRoot``."""

    def __init__(self, tree: OwnedTree, sandbox: RootSandbox) -> None:
        """Look at the tree before anything changes."""
        self._tree = tree
        self._sandbox = sandbox
        tree.look()

    def run(self, command: Command, user: Owner, on_line: OutputLine) -> ExitStatus:
        """Run a command to its end; what it left running in the background is killed then.

        Raises:
            CommandNotStartedError: there is no such program inside.
        """
        return self._sandbox.run(self._tree.path, command, user, on_line)

    def apply(self, tar: BinaryIO) -> None:
        """Unpack a tar over the tree."""
        self._tree.unpack(tar)

    def locate(self, path: str) -> Path:
        """Follow links as programs inside do: an absolute one begins at the tree."""
        return locate_inside(self._tree.path, path)

    def changes(self) -> Iterator[bytes]:
        """Give the tar of what changed since the last look, and look again."""
        return self._tree.changes()


class RootSandbox:
    """Runs commands over a tree: bubblewrap in the user namespace, as root of it or as another of its users."""

    def __init__(
        self, bwrap: Bwrap, ids: IdRange, network: Network, files: Sequence[Mount], env: Mapping[str, str]
    ) -> None:
        """Nothing is started here. ``files`` are seen read-only, ``env`` is known to every command."""
        self._bwrap = bwrap
        self._ids = ids
        self._network = network
        self._files = files
        self._env = env

    def run(self, tree: Path, command: Command, user: Owner, on_line: OutputLine) -> ExitStatus:
        """Run a command to its end."""
        last_lines: deque[str] = deque(maxlen=3)

        def remember(line: str) -> None:
            last_lines.append(line)
            on_line(line)

        line = BwrapCommandLine(options=tuple(self._options(tree, command, user)), argv=command.argv)
        process = Bwrap(path=self._bwrap.path, owner=None, before=self._ids.enter(user)).start(line)
        try:
            give_lines(process.output, remember)
        except BaseException:
            process.kill()
            raise
        finally:
            process.finish()
        if process.status is None:
            problem = "; ".join(last_lines).removeprefix("bwrap: ")
            raise CommandNotStartedError(program=command.argv[0], problem=problem)
        return process.status

    def _options(self, tree: Path, command: Command, user: Owner) -> Iterator[str]:
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent")
        yield from ("--new-session", "--clearenv", "--hostname", HOST_NAME, "--cap-drop", "ALL")
        if self._network is Network.NONE:
            yield "--unshare-net"
        if user.uid == 0:
            for name in _CAPABILITIES:
                yield from ("--cap-add", f"CAP_{name}")
        else:
            yield from ("--unshare-user", "--uid", str(user.uid), "--gid", str(user.gid))
        yield from ("--bind", str(tree), "/", "--proc", "/proc", "--dev", "/dev")
        for mount in self._files:
            yield from ("--ro-bind", str(mount.source), str(mount.target))
        variables = {**self._env, **{name: os.fsdecode(value) for name, value in command.env.items()}}
        for name in sorted(variables):
            yield from ("--setenv", name, variables[name])
        yield from ("--chdir", str(command.working_dir))


def locate_inside(tree: Path, path: str) -> Path:
    """Follow a path and its links without ever leaving a tree; what is not there stays as it is written."""
    waiting = [part for part in reversed(path.split("/")) if part]
    place: list[str] = []
    links = 0
    while waiting:
        name = waiting.pop()
        if name in {".", ".."}:
            place = place[:-1] if name == ".." else place
            continue
        here = tree.joinpath(*place, name)
        if links < _MOST_LINKS and here.is_symlink():
            links += 1
            target = os.readlink(here)
            place = [] if target.startswith("/") else place
            waiting.extend(part for part in reversed(target.split("/")) if part)
            continue
        place.append(name)
    return tree.joinpath(*place)
