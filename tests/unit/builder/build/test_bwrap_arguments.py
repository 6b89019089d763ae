"""The options of bubblewrap."""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

from builder.build.bwrap_arguments import SandboxOptions, bwrap_arguments
from builder.build.executor import BuildEnvironment, Mount, Network
from lifecycle_py.session import Command

ENVIRONMENT = BuildEnvironment(root=Path("/roots/x"), env={"A": "image", "B": "image"})
OPTIONS = SandboxOptions(scratch=Path("/scratch"), env=(("B", "sandbox"), ("C", "sandbox")))
COMMAND = Command(argv=("make", "all"), env={"C": b"command"}, working_dir=PurePosixPath("/app"))


def _options(environment: BuildEnvironment = ENVIRONMENT, options: SandboxOptions = OPTIONS) -> str:
    return " ".join(bwrap_arguments(environment, COMMAND, options).options)


def test_isolation_is_always_asked_for() -> None:
    """Namespaces, no capabilities, no terminal, death with the parent, a clean environment, a read-only root."""
    for part in (
        *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--cap-drop ALL", "--clearenv", "--disable-userns"),
        *("--ro-bind /roots/x /", "--uid 1000", "--gid 1000", "--remount-ro /dev", "--remount-ro /run"),
    ):
        assert part in _options()


def test_network_is_the_hosts_unless_none() -> None:
    """A build may download by default."""
    assert "--unshare-net" not in _options()
    assert "--unshare-net" in _options(dataclasses.replace(ENVIRONMENT, network=Network.NONE))


def test_later_variables_win() -> None:
    """The command's variables win over the sandbox's, which win over the image's."""
    assert "--setenv A image --setenv B sandbox --setenv C command" in _options()


def test_variables_never_stand_in_the_argument_list() -> None:
    """Every user of a host can read an argument list, so the command alone is in it, and no value in a message."""
    line = bwrap_arguments(ENVIRONMENT, COMMAND, OPTIONS)

    assert line.argv == ("make", "all")
    assert "command" not in repr(line)


def test_mounts_are_read_only_unless_writable() -> None:
    """A mount says itself whether it may be written."""
    mounts = (
        Mount(source=Path("/a"), target=PurePosixPath("/app"), writable=True),
        Mount(source=Path("/p"), target=PurePosixPath("/platform")),
    )
    options = _options(dataclasses.replace(ENVIRONMENT, mounts=mounts))

    assert "--bind /scratch /tmp --bind /a /app --ro-bind /p /platform" in options


def test_own_tmp_replaces_the_private_one() -> None:
    """Whoever mounts something on ``/tmp`` gets that."""
    mounts = (Mount(source=Path("/mine"), target=PurePosixPath("/tmp"), writable=True),)
    options = _options(dataclasses.replace(ENVIRONMENT, mounts=mounts))

    assert "/scratch" not in options
    assert "--bind /mine /tmp" in options
