"""The diagnosis of a host: pure judgement over its facts, for ``offramp doctor`` and for a sandbox that cannot open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from builder.build.bwrap_process import Bwrap
from builder.build.host_facts import HostFacts, make_bwrap, probe_sandbox, read_host_facts
from builder.errors import SandboxUnavailableError
from lifecycle_py.spec.errors import Explanation

_ENOUGH_BYTES = 4 * 1024**3  # a base image pair, its unpacked root, and a build with its cache
_FEW_BYTES = 1024**3
_OLDEST_BWRAP = (0, 6)

_APPARMOR_PROFILE = (
    "printf 'abi <abi/4.0>,\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\\n' "
    "| sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap"
)


class Level(StrEnum):
    """How bad a finding is: ``fail`` stops builds in the sandbox, ``warn`` something less."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One judged fact. ``fix`` holds exact commands or steps."""

    what: str
    level: Level
    why: str = ""
    fix: tuple[str, ...] = ()


def diagnose(places: Sequence[Path] = ()) -> tuple[Finding, ...]:
    """Examine this host, and the directories Offramp writes to."""
    return judge(read_host_facts(places))


def require_sandbox() -> tuple[Bwrap, bool]:
    """Give a bubblewrap that works here, and whether it can forbid nested user namespaces.

    Raises:
        SandboxUnavailableError: it does not work; the diagnosis says why and what to do.
    """
    path = Bwrap.find()
    probe = probe_sandbox(path) if path else None
    if path and probe and probe.problem is None:
        return make_bwrap(path), probe.forbids_user_namespaces
    failures = (finding for finding in judge_sandbox(read_host_facts()) if finding.level is Level.FAIL)
    reasons = tuple(Explanation(what=finding.what, why=finding.why, fix=finding.fix) for finding in failures)
    raise SandboxUnavailableError(reasons=reasons, problem=(probe and probe.problem) or "")


def judge(facts: HostFacts) -> tuple[Finding, ...]:
    """Judge all facts; what stops a build comes first."""
    return (*judge_sandbox(facts), *_judge_stacks(facts), *_judge_network(facts), *_judge_places(facts))


def judge_sandbox(facts: HostFacts) -> Iterator[Finding]:
    """Judge what the sandbox needs. A setting is blamed only when the probe failed: the probe is the truth."""
    if facts.bwrap is None or facts.probe is None:
        install = _install(facts, "bubblewrap")
        yield Finding(
            what="bubblewrap is not installed", level=Level.FAIL, why="the sandbox is made by it", fix=install
        )
        return
    version = ".".join(map(str, facts.bwrap_version))
    if facts.probe.problem is None:
        yield from _judge_working_sandbox(facts, version)
        return
    blamed = tuple(_blame(facts))
    yield from blamed
    if not blamed:
        yield Finding(
            what="bubblewrap does not work here",
            level=Level.FAIL,
            why=f"bubblewrap {version} says '{facts.probe.problem}'",
            fix=("Allow this user to create user namespaces, or build where they are allowed.",),
        )


def _judge_working_sandbox(facts: HostFacts, version: str) -> Iterator[Finding]:
    owner = facts.sandbox_owner
    who = f", as {owner.uid}:{owner.gid}" if facts.is_root else ""
    yield Finding(what=f"bubblewrap {version} opens sandboxes{who}", level=Level.OK)
    if not facts.probe or not facts.probe.forbids_user_namespaces:
        yield Finding(
            what="Programs in the sandbox can create user namespaces of their own",
            level=Level.WARN,
            why=f"bubblewrap {version} cannot forbid it, which leaves them more of the kernel to attack",
            fix=_install(facts, "bubblewrap", note="version 0.8 or newer"),
        )


def _blame(facts: HostFacts) -> Iterator[Finding]:
    """Name the settings that forbid user namespaces, each with the command that changes it."""
    if facts.bwrap_version and facts.bwrap_version < _OLDEST_BWRAP:
        version = ".".join(map(str, facts.bwrap_version))
        newer = _install(facts, "bubblewrap", note="version 0.8 or newer")
        yield Finding(what=f"bubblewrap {version} is too old", level=Level.FAIL, why="0.6 is needed", fix=newer)
    if facts.max_user_namespaces == 0:
        yield _forbidden("user.max_user_namespaces is 0", "user.max_user_namespaces=15000")
    if facts.unprivileged_userns_clone == 0:
        yield _forbidden("kernel.unprivileged_userns_clone is 0", "kernel.unprivileged_userns_clone=1")
    if facts.apparmor_restricts_userns:
        yield Finding(
            what="AppArmor keeps user namespaces from programs without a profile",
            level=Level.FAIL,
            why="Ubuntu 23.10 and later set kernel.apparmor_restrict_unprivileged_userns=1",
            fix=(
                f"Give bubblewrap a profile that allows them: {_APPARMOR_PROFILE}",
                "Or, on a throw-away machine: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
            ),
        )
    if facts.container and facts.max_user_namespaces != 0:
        yield Finding(
            what=f"This is a container ({facts.container}) that forbids namespaces",
            level=Level.FAIL,
            why="the default seccomp profile of containers refuses what a sandbox is made of, and masks /proc",
            fix=(
                "Docker, Podman: start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined",
                "Kubernetes: hostUsers: false, seccompProfile: Unconfined and procMount: Unmasked",
            ),
        )


def _forbidden(what: str, setting: str) -> Finding:
    keep = f"echo {setting} | sudo tee /etc/sysctl.d/50-offramp.conf"
    fix = (f"sudo sysctl {setting}", f"To keep it: {keep}")
    return Finding(what=what, level=Level.FAIL, why="the kernel is told to refuse user namespaces", fix=fix)


def _judge_stacks(facts: HostFacts) -> Iterator[Finding]:
    only = "only making base images needs it; they can be copied from another machine's store"
    if facts.mmdebstrap is None:
        install = _install(facts, "mmdebstrap")
        yield Finding(what="mmdebstrap is not installed", level=Level.WARN, why=only, fix=install)
    else:
        yield Finding(what=f"mmdebstrap is at {facts.mmdebstrap}", level=Level.OK)
    if facts.debian_keyring is None:
        install = _install(facts, "debian-archive-keyring")
        yield Finding(what="Debian's archive keys are not installed", level=Level.WARN, why=only, fix=install)
    if facts.is_root:
        return
    if facts.newuidmap is None:
        yield Finding(what="newuidmap is missing", level=Level.WARN, why=only, fix=_install(facts, "uidmap"))
    if not facts.has_subordinate_ids:
        fix = ("sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER",)
        yield Finding(what="This user has no subordinate ids in /etc/subuid", level=Level.WARN, why=only, fix=fix)


def _judge_network(facts: HostFacts) -> Iterator[Finding]:
    if facts.ca_bundle is None:
        yield Finding(
            what="No CA bundle on this host",
            level=Level.WARN,
            why="builds can only use the certificates of the build image",
            fix=_install(facts, "ca-certificates"),
        )
    else:
        yield Finding(what=f"Builds trust the certificates of {facts.ca_bundle}", level=Level.OK)
    if facts.proxies:
        names = ", ".join(name for name in facts.proxies if name.islower())
        yield Finding(what=f"Builds get the proxy settings {names}", level=Level.OK)


def _judge_places(facts: HostFacts) -> Iterator[Finding]:
    for place in facts.places:
        free = f"{place.free_bytes / 1024**3:.1f} GiB free"
        if not place.writable:
            fix = (f"sudo install -d -o $USER {place.path}", "Or choose another place with OFFRAMP_CACHE.")
            yield Finding(
                what=f"{place.path} is not writable", level=Level.FAIL, why="Offramp keeps data there", fix=fix
            )
        elif place.free_bytes < _ENOUGH_BYTES:
            level = Level.FAIL if place.free_bytes < _FEW_BYTES else Level.WARN
            yield Finding(
                what=f"{place.path} has only {free}",
                level=level,
                why="base images, caches and layers are written there",
                fix=("Free space on that file system, or choose another place with OFFRAMP_CACHE.",),
            )
        else:
            yield Finding(what=f"{place.path} is writable, {free}", level=Level.OK)


def _install(facts: HostFacts, package: str, note: str = "") -> tuple[str, ...]:
    verbs = {"apt-get": "install", "dnf": "install", "zypper": "install", "pacman": "-S", "apk": "add"}
    suffix = f"   ({note})" if note else ""
    if facts.installer is None:
        return (f"Install the package '{package}'.{suffix}",)
    sudo = "" if facts.is_root else "sudo "
    return (f"{sudo}{facts.installer} {verbs[facts.installer]} {package}{suffix}",)
