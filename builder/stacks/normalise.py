"""What of an installed system goes into a base image, so that equal package versions give equal bytes: pure rules."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Final

from builder.stacks.base_tar import HARD_LINK, Entry, file_entry
from builder.stacks.packages import PACKAGES_FILE, RUN_IMAGE_STATUS_FILE, parse_packages, render_packages
from builder.stacks.stack_toml import StackUser
from lifecycle_py.oci.tar_header import DIRECTORY, REGULAR

# Directories that stay, without what is in them: mount points, caches, logs, state of the making.
_EMPTIED: Final = (
    *("/dev", "/proc", "/sys", "/run", "/tmp", "/var/tmp", "/var/log"),  # noqa: S108
    *("/var/cache/apt", "/var/cache/ldconfig", "/var/lib/apt/lists"),
)

# Facts of the making host or of its clock, backups, locks.
_DROPPED_FILES: Final = (
    *("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/etc/machine-id", "/var/lib/dbus/machine-id"),
    *("/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"),
    *("/var/lib/dpkg/*-old", "/var/cache/debconf/*-old", "/var/lib/dpkg/lock*", "/var/lib/dpkg/triggers/Lock"),
    *("/etc/apt/apt.conf.d/99mmdebstrap", "/etc/dpkg/dpkg.cfg.d/99mmdebstrap"),
)

# Documentation and the like. Copyright files stay, as licences ask; the package database stays, which scanners read.
_DROPPED_TREES: Final = (
    *("/usr/share/man", "/usr/share/info", "/usr/share/locale", "/usr/share/lintian", "/usr/share/bug"),
    *("/usr/share/doc-base", "/usr/share/gtk-doc", "/usr/share/i18n"),
    "/usr/share/zoneinfo/right",  # time zones that count leap seconds, which no application's clock does
)
_DOCUMENTATION: Final = "/usr/share/doc/"
_DANGLING_LINKS: Final = "/etc/alternatives/*.gz"  # alternatives of man pages

# Trees that only a package manager reads; the run image has none.
_MANAGER_TREES: Final = ("/etc/apt", "/var/lib/apt", "/var/cache/apt", "/var/cache/debconf")

_DROPPED = re.compile("|".join(fnmatch.translate(pattern) for pattern in (*_DROPPED_FILES, _DANGLING_LINKS)))


def normalise(
    entries: Iterable[Entry], user: StackUser, *, has_package_manager: bool, run_status: bytes | None = None
) -> tuple[Entry, ...]:
    """Give the entries of the base image: unwanted ones dropped, the user added, hard links settled, all sorted.

    ``run_status`` is dpkg's status of the run image, for a build image to carry.
    """
    dropped_trees = _DROPPED_TREES if has_package_manager else (*_DROPPED_TREES, *_MANAGER_TREES)
    kept = {entry.path: entry for entry in entries if _is_kept(entry, dropped_trees)}
    settled = _settle_hard_links(kept)
    rewritten = {path: _rewrite(entry, user) for path, entry in settled.items()}
    status = settled["/var/lib/dpkg/status"].content().decode("utf-8", "replace")
    added = (
        Entry(path=user.home, kind=DIRECTORY, mode=0o755, uid=user.uid, gid=user.gid),
        Entry(path=PACKAGES_FILE.rpartition("/")[0], kind=DIRECTORY, mode=0o755),
        file_entry(PACKAGES_FILE, render_packages(parse_packages(status))),
        *_run_image_entries(run_status),
    )
    rewritten |= {entry.path: entry for entry in added}
    return tuple(rewritten[path] for path in sorted(rewritten, key=lambda path: path.split("/")))


def _run_image_entries(run_status: bytes | None) -> tuple[Entry, ...]:
    if run_status is None:
        return ()
    directory = Entry(path=RUN_IMAGE_STATUS_FILE.rpartition("/")[0], kind=DIRECTORY, mode=0o755)
    return (directory, file_entry(RUN_IMAGE_STATUS_FILE, run_status))


def _is_kept(entry: Entry, dropped_trees: tuple[str, ...]) -> bool:
    path = entry.path
    if _DROPPED.fullmatch(path) or any(_is_below(path, tree) or path == tree for tree in dropped_trees):
        return False
    if any(_is_below(path, directory) for directory in _EMPTIED):
        return False
    if path.startswith(_DOCUMENTATION):
        return path.endswith("/copyright") or path.count("/") == _DOCUMENTATION.count("/")
    return True


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(directory + "/")


def _settle_hard_links(kept: dict[str, Entry]) -> dict[str, Entry]:
    """Make the first path of each group of hard links the file, and the others links to it.

    A link must stand after its file in a layer, and a file that was dropped must not take its links with it.
    """
    groups: dict[str, list[str]] = {}
    for path, entry in kept.items():
        if entry.kind == HARD_LINK:
            groups.setdefault(entry.link, []).append(path)
    settled = dict(kept)
    for target, links in groups.items():
        file = kept[target]  # none of Debian's hard links leads into a dropped tree; a KeyError would say so
        first, *others = sorted([target, *links], key=lambda path: path.split("/"))
        settled[first] = dataclasses.replace(file, path=first)
        for path in others:
            settled[path] = dataclasses.replace(file, path=path, kind=HARD_LINK, link=first, size=0)
    return settled


def _rewrite(entry: Entry, user: StackUser) -> Entry:
    rewrite = _ACCOUNT_FILES.get(entry.path)
    if rewrite is None or entry.kind != REGULAR:
        return entry
    content = rewrite(entry.content().decode("utf-8"), user).encode("utf-8")
    return dataclasses.replace(entry, size=len(content), read=lambda: iter((content,)))


def _without_dates(shadow: str) -> str:
    """Empty the third field, the day a password was changed, which is the day of the making."""
    rows = [line.split(":") for line in shadow.splitlines()]
    return "".join(":".join([*row[:2], "", *row[3:]]) + "\n" for row in rows)


_ACCOUNT_FILES: Final[dict[str, Callable[[str, StackUser], str]]] = {
    "/etc/passwd": lambda text, user: f"{text}{user.name}:x:{user.uid}:{user.gid}::{user.home}:/bin/bash\n",
    "/etc/group": lambda text, user: f"{text}{user.name}:x:{user.gid}:\n",
    "/etc/shadow": lambda text, user: f"{_without_dates(text)}{user.name}:*::0:99999:7:::\n",
    "/etc/gshadow": lambda text, user: f"{text}{user.name}:*::\n",
}
