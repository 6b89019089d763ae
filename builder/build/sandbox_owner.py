"""Which user of the host the sandbox's processes are: never root, even when Offramp runs as root."""

from __future__ import annotations

import os
from collections.abc import Mapping

from builder.errors import InvalidSandboxOwnerError
from lifecycle_py.oci.layer_tar import Owner

OWNER_VARIABLE = "OFFRAMP_SANDBOX_OWNER"


# Nobody's: people begin at 1000, and systemd's own ranges leave 60578 to 61183 free. Who had this id could read the
# secrets of root's builds. Below 65536, because containers often know no more ids.
_DEFAULT = Owner(60900, 60900)


def sandbox_owner(environ: Mapping[str, str] | None = None) -> Owner:
    """Tell who must own the directories a sandbox writes to.

    That is the caller, except for root: a process mapped to host root could write ``/proc/sys`` and other files the
    kernel protects by user id alone. Root's sandboxes run as 60900:60900, or as ``OFFRAMP_SANDBOX_OWNER``.

    Raises:
        InvalidSandboxOwnerError: the variable does not hold two numbers above zero.
    """
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    text = (os.environ if environ is None else environ).get(OWNER_VARIABLE)
    return parse_owner(text) if text else _DEFAULT


def parse_owner(text: str) -> Owner:
    """Read ``uid:gid``."""
    uid, _, gid = text.partition(":")
    if not (uid.isdecimal() and gid.isdecimal() and int(uid) > 0 and int(gid) > 0):
        raise InvalidSandboxOwnerError(value=text)
    return Owner(int(uid), int(gid))
