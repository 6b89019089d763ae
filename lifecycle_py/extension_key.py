"""The name under which an extended image is kept: a digest of all that its contents depend on.

Spec: image_extension.md, ``build_id``: who uses it wants its Dockerfile run on every build.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

from lifecycle_py.extension_output import ExtensionDockerfile
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.model import Image, serialize

_BUILD_ID = "build_id"
_READ_SIZE = 1 << 20


def uses_build_id(one: ExtensionDockerfile) -> bool:
    """Tell whether a Dockerfile is to be run on every build."""
    return any(_BUILD_ID in instruction.text for instruction in one.dockerfile.instructions)


def extension_key(image: Image, one: ExtensionDockerfile, compression: Compression) -> str:
    """Name the image that comes of applying this Dockerfile to this image."""
    digest = hashlib.sha256()
    arguments = sorted((argument.name, argument.value) for argument in one.arguments)
    facts = [serialize(image).image_id, one.text, str(one.extension), arguments, compression.recipe]
    digest.update(json.dumps(facts).encode())
    if any(instruction.keyword in {"COPY", "ADD"} for instruction in one.dockerfile.instructions):
        _add_tree(one.context.host, digest)
    return digest.hexdigest()


def _add_tree(directory: Path, digest: hashlib._Hash) -> None:
    """Add names, modes and contents; times do not count, since extensions write their context anew each time."""
    for parent, directories, files in os.walk(directory):
        directories.sort()
        for name in sorted((*files, *directories)):
            path = Path(parent, name)
            status = path.lstat()
            relative = os.fsencode(path.relative_to(directory))
            digest.update(b"%s\0%o\0%d\0" % (relative, status.st_mode, status.st_size))
            if stat.S_ISLNK(status.st_mode):
                digest.update(os.readlink(os.fsencode(path)) + b"\0")
            elif stat.S_ISREG(status.st_mode):
                with path.open("rb") as file:
                    while chunk := file.read(_READ_SIZE):
                        digest.update(chunk)
