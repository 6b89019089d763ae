"""The options of bubblewrap for one command of a build environment: the whole isolation, as a pure function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from builder.build.executor import BuildEnvironment, Mount, Network
from lifecycle_py.session import Command

PRIVATE_TMP = PurePosixPath("/tmp")  # noqa: S108  it is the sandbox's own, not the host's

# Everything new but the network, which a build needs to download. ``cgroup-try``: older kernels have no such namespace.
_NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")

# ``die-with-parent`` kills the namespace even when this program dies by SIGKILL. ``new-session`` takes the terminal
# away, so that nothing inside can type into the caller's shell with the ioctl TIOCSTI.
_LIFE = ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxOptions:
    """What does not come from the build environment.

    ``scratch`` becomes ``/tmp``. ``files`` are copies of host facts (resolv.conf, CA bundle …) seen read-only, ``env``
    the variables that name them. ``forbid_user_namespaces`` closes the kernel's largest attack surface from inside.
    """

    scratch: Path
    files: tuple[Mount, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    forbid_user_namespaces: bool = True
    as_pid_1: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BwrapCommandLine:
    """``options`` go through a file descriptor, because variables may hold secrets and every user can see an argv."""

    options: tuple[str, ...] = field(repr=False)
    argv: tuple[str, ...]


def bwrap_arguments(environment: BuildEnvironment, command: Command, options: SandboxOptions) -> BwrapCommandLine:
    """Compute how bubblewrap runs ``command`` in ``environment``.

    A command's variables win over those of the sandbox, which win over the image's own.
    """
    arguments = [*_NAMESPACES, *_LIFE]
    if environment.network is Network.NONE:
        arguments.append("--unshare-net")
    if options.forbid_user_namespaces:
        arguments.append("--disable-userns")
    if options.as_pid_1:
        arguments.append("--as-pid-1")
    arguments += ["--uid", str(environment.uid), "--gid", str(environment.gid), "--hostname", environment.host_name]
    arguments += _file_system(environment, options)
    arguments += _variables(environment, command, options)
    arguments += ["--chdir", str(command.working_dir)]
    return BwrapCommandLine(options=tuple(arguments), argv=command.argv)


def _file_system(environment: BuildEnvironment, options: SandboxOptions) -> Iterator[str]:
    yield from ("--ro-bind", str(environment.root), "/")
    yield from ("--proc", "/proc")
    # The device directory is sealed; shared memory is a private one, which Python's multiprocessing and others need.
    yield from ("--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev")  # noqa: S108
    yield from ("--tmpfs", "/run")
    if all(mount.target != PRIVATE_TMP for mount in environment.mounts):
        yield from ("--bind", str(options.scratch), str(PRIVATE_TMP))
    for mount in (*environment.mounts, *options.files):
        yield from ("--bind" if mount.writable else "--ro-bind", str(mount.source), str(mount.target))
    yield from ("--remount-ro", "/run")


def _variables(environment: BuildEnvironment, command: Command, options: SandboxOptions) -> Iterator[str]:
    merged: dict[str, str] = {**environment.env, **dict(options.env)}
    merged |= {name: value.decode("utf-8", "surrogateescape") for name, value in command.env.items()}
    for name in sorted(merged):
        yield from ("--setenv", name, merged[name])
