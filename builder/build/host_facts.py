"""What this host offers to a sandbox and to the making of base images, read from the system without judging it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.build.bwrap_arguments import SandboxOptions, bwrap_arguments
from builder.build.bwrap_process import Bwrap
from builder.build.executor import BuildEnvironment
from builder.build.host_passage import find_ca_bundle, proxy_variables
from builder.build.sandbox_owner import sandbox_owner
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.session import Command

_SYSCTL = Path("/proc/sys")


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxProbe:
    """Whether bubblewrap can open a sandbox here. ``problem`` holds its words when it cannot."""

    problem: str | None
    forbids_user_namespaces: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceFacts:
    """A directory Offramp writes to: the free space of its file system in bytes, and whether we may write."""

    path: Path
    free_bytes: int
    writable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HostFacts:
    """Everything the diagnosis judges. A setting is None where the kernel does not have it."""

    is_root: bool
    sandbox_owner: Owner
    installer: str | None = None
    container: str | None = None
    bwrap: Path | None = None
    bwrap_version: tuple[int, ...] = ()
    probe: SandboxProbe | None = None
    max_user_namespaces: int | None = None
    unprivileged_userns_clone: int | None = None
    apparmor_restricts_userns: int | None = None
    mmdebstrap: Path | None = None
    debian_keyring: Path | None = None
    newuidmap: Path | None = None
    has_subordinate_ids: bool = False
    ca_bundle: Path | None = None
    proxies: tuple[str, ...] = ()
    places: tuple[PlaceFacts, ...] = ()


def read_host_facts(places: Sequence[Path] = ()) -> HostFacts:
    """Read the facts; starts bubblewrap once or twice, changes nothing."""
    bwrap, owner = Bwrap.find(), sandbox_owner()
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return HostFacts(
        is_root=os.geteuid() == 0,
        sandbox_owner=owner,
        installer=next((name for name in ("apt-get", "dnf", "zypper", "pacman", "apk") if shutil.which(name)), None),
        container=container_kind(),
        bwrap=bwrap,
        bwrap_version=bwrap_version(bwrap) if bwrap else (),
        probe=probe_sandbox(bwrap) if bwrap else None,
        max_user_namespaces=_sysctl("user/max_user_namespaces"),
        unprivileged_userns_clone=_sysctl("kernel/unprivileged_userns_clone"),
        apparmor_restricts_userns=_sysctl("kernel/apparmor_restrict_unprivileged_userns"),
        mmdebstrap=_program("mmdebstrap"),
        debian_keyring=keyring if keyring.is_file() else None,
        newuidmap=_program("newuidmap"),
        has_subordinate_ids=_has_subordinate_ids(),
        ca_bundle=find_ca_bundle(os.environ),
        proxies=tuple(sorted(proxy_variables(os.environ))),
        places=tuple(_place(path) for path in places),
    )


def make_bwrap(path: Path) -> Bwrap:
    """Decide whom bubblewrap runs as: the caller, or for root an unprivileged user."""
    return Bwrap(path=path, owner=sandbox_owner() if os.geteuid() == 0 else None)


def probe_sandbox(path: Path) -> SandboxProbe:
    """Open a sandbox over the host's own root, with nested user namespaces forbidden if this bubblewrap can do that."""
    problem = _probe(path, forbid=True)
    if problem is None:
        return SandboxProbe(problem=None, forbids_user_namespaces=True)
    return SandboxProbe(problem=_probe(path, forbid=False))


def _probe(path: Path, *, forbid: bool) -> str | None:
    # Bubblewrap itself is the one program sure to exist on a host that has bubblewrap.
    command = Command(argv=(str(path), "--version"), working_dir=PurePosixPath("/"))
    options = SandboxOptions(scratch=Path("/"), forbid_user_namespaces=forbid)
    line = bwrap_arguments(BuildEnvironment(root=Path("/")), command, options)
    process = make_bwrap(path).start(line)
    output = process.output.read().decode("utf-8", "replace").strip()
    process.finish()
    if process.status is not None and process.status.ok:
        return None
    return output or f"bubblewrap ended with {process.status}"


def bwrap_version(path: Path) -> tuple[int, ...]:
    """Read the version; empty when the program does not tell one."""
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    number = result.stdout.strip().rpartition(" ")[2]
    return tuple(int(part) for part in number.split(".") if part.isdecimal())


def container_kind() -> str | None:
    """Tell which container this process runs in, as far as it leaves traces."""
    if Path("/.dockerenv").exists():
        return "Docker"
    if Path("/run/.containerenv").exists():
        return "Podman"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "Kubernetes"
    try:
        control_groups = Path("/proc/1/cgroup").read_text(encoding="utf-8")
    except OSError:
        return None
    return "a container" if any(word in control_groups for word in ("/docker", "/kubepods", "/lxc")) else None


def _has_subordinate_ids() -> bool:
    names = {str(os.geteuid()), os.environ.get("USER", "")}
    try:
        lines = Path("/etc/subuid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.partition(":")[0] in names for line in lines)


def _place(path: Path) -> PlaceFacts:
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    return PlaceFacts(path=path, free_bytes=free, writable=os.access(existing, os.W_OK | os.X_OK))


def _program(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _sysctl(name: str) -> int | None:
    try:
        return int((_SYSCTL / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
