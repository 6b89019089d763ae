"""The user an image's configuration names, looked up in the image's own files.

Facts: opencontainers/image-spec ``config.md`` "User": ``user``, ``uid``, ``user:group``, ``uid:gid`` and mixtures.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.dockerfile.errors import StepError
from lifecycle_py.image_root import ImageRoot
from lifecycle_py.oci.layer_tar import Owner

_PASSWD_FIELDS, _GROUP_FIELDS = 6, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A user by numbers, with its home directory."""

    owner: Owner
    home: str


def find_user(text: str, root: ImageRoot) -> User:
    """Look a user up; no user means root, and a number needs no entry.

    Raises:
        StepError: there is no such user or group.
    """
    name, _, group = text.partition(":")
    entry = _entry("/etc/passwd", name or "0", root, number=2, fields=_PASSWD_FIELDS)
    if entry is None and not name.isdecimal():
        raise StepError(f"there is no user '{name}' in the image's /etc/passwd")
    uid, gid, home = (int(entry[2]), int(entry[3]), entry[5]) if entry else (int(name), 0, "/")
    return User(owner=Owner(uid, _group(group, root) if group else gid), home=home or "/")


def _group(name: str, root: ImageRoot) -> int:
    entry = _entry("/etc/group", name, root, number=2, fields=_GROUP_FIELDS)
    if entry is not None:
        return int(entry[2])
    if not name.isdecimal():
        raise StepError(f"there is no group '{name}' in the image's /etc/group")
    return int(name)


def _entry(file: str, wanted: str, root: ImageRoot, *, number: int, fields: int) -> list[str] | None:
    """Find the line with this name or number; lines that are not of the file's form are passed over."""
    try:
        lines = root.locate(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    entries = (line.split(":") for line in lines)
    proper = [entry for entry in entries if len(entry) >= fields and entry[number].isdecimal()]
    proper = [entry for entry in proper if fields == _GROUP_FIELDS or entry[3].isdecimal()]
    by_name = next((entry for entry in proper if entry[0] == wanted), None)
    return by_name or next((entry for entry in proper if entry[number] == wanted), None)
