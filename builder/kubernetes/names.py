"""Names of objects: DNS labels of at most 63 characters, the same for the same input, never the same for two."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from builder.errors import InvalidAppNameError, ProcessNameCollisionError

MAX_LENGTH = 63
_HASH_LENGTH = 8
# A Service's name has to begin with a letter (RFC 1035) in every supported version, and each name begins with the app.
_APP = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def parse_app_name(text: str) -> str:
    """Check the name of an app.

    Raises:
        InvalidAppNameError: it cannot begin the name of a Service.
    """
    if not _APP.fullmatch(text):
        raise InvalidAppNameError(name=text)
    return text


def app_name_of_image(image_name: str) -> str:
    """Make an app's name of an image's: the last part of it, without tag."""
    last = image_name.partition("@")[0].rpartition("/")[2].partition(":")[0]
    name = dns_label(last)
    return parse_app_name(name if name[0].isalpha() else shorten(f"app-{name}", name))


def dns_label(text: str) -> str:
    """Make a DNS label of any text, as readable as its characters allow."""
    readable = re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")
    return shorten(readable, text) if readable else f"x{_hash(text)}"


def name_processes(types: Iterable[str]) -> Mapping[str, str]:
    """Give each process type its label, by type.

    Raises:
        ProcessNameCollisionError: two types would get the same.
    """
    owners: dict[str, str] = {}
    for process_type in types:
        label = dns_label(process_type)
        if label in owners:
            raise ProcessNameCollisionError(first=owners[label], second=process_type, name=label)
        owners[label] = process_type
    return {process_type: label for label, process_type in owners.items()}


def object_name(app: str, part: str) -> str:
    """Name an object of an app."""
    return shorten(f"{app}-{part}", f"{app}/{part}")


def object_name_with_hash(app: str, part: str, content: str) -> str:
    """Name an object that must not change once it exists: other content, other name."""
    return _cut(f"{app}-{part}", _hash(f"{app}/{part}/{content}"))


def shorten(name: str, identity: str) -> str:
    """Cut a name that is too long, and tell it from others cut alike by a hash of ``identity``."""
    return name if len(name) <= MAX_LENGTH else _cut(name, _hash(identity))


def _cut(name: str, suffix: str) -> str:
    return f"{name[: MAX_LENGTH - len(suffix) - 1].rstrip('-')}-{suffix}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
