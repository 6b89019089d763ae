"""Whose rights a phase has: it prepares as root, gives its directories to the build's user, and becomes that user.

Facts: reference/cnb.md §b.4 (privilege model). Phases that run buildpacks' programs refuse to be root at all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from lifecycle_py.errors import PrivilegeError
from lifecycle_py.oci.layer_tar import Owner


def refuse_root(phase: str) -> None:
    """Refuse to run buildpacks' programs as root.

    Raises:
        PrivilegeError: this process is root.
    """
    if os.geteuid() == 0:
        raise PrivilegeError(phase=phase, problem="refusing to run as root", user="")


def become(user: Owner, phase: str, directories: Iterable[Path]) -> None:
    """Give directories to a user and become that user.

    Args:
        user: who to become; nothing is done when this process is that user already.
        phase: the phase, for messages.
        directories: those that the user has to be able to write to; given whole when the user cannot.

    Raises:
        PrivilegeError: this process may not do that.
    """
    try:
        for directory in directories:
            _give(directory, user)
        if (user.uid, user.gid) == (os.getuid(), os.getgid()):
            return
        os.setgroups([user.gid])
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        problem = f"{error.strerror}{where}"
        raise PrivilegeError(phase=phase, problem=problem, user=f"{user.uid}:{user.gid}") from error


def environment_of(user: Owner) -> dict[str, str]:
    """Give HOME and USER as the user's entry in /etc/passwd has them; nothing when there is no entry."""
    import pwd

    try:
        entry = pwd.getpwuid(user.uid)
    except KeyError:
        return {}
    return {"HOME": entry.pw_dir, "USER": entry.pw_name}


def _give(directory: Path, user: Owner) -> None:
    """Give a directory and all in it, unless the user can write to it: then its contents are the user's already."""
    try:
        status = directory.stat()
    except FileNotFoundError:
        return
    if _can_write(status, user):
        return
    os.chown(directory, user.uid, user.gid)
    for parent, names, files in os.walk(directory):
        for name in (*names, *files):
            os.lchown(os.path.join(parent, name), user.uid, user.gid)  # noqa: PTH118 - a Path each costs more


def _can_write(status: os.stat_result, user: Owner) -> bool:
    return (
        status.st_uid == user.uid
        or (status.st_gid == user.gid and bool(status.st_mode & stat.S_IWGRP))
        or bool(status.st_mode & stat.S_IWOTH)
    )
