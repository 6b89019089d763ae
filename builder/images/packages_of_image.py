"""The Debian packages of an image, read from the list that our stacks carry inside."""

from __future__ import annotations

import tarfile

from builder.stacks.packages import PACKAGES_FILE, read_package_list
from lifecycle_py.oci.compression import open_uncompressed
from lifecycle_py.oci.model import Image


def packages_of(image: Image) -> tuple[tuple[str, str], ...]:
    """Give (name, version) of every package, sorted; empty for an image that has no list."""
    wanted = PACKAGES_FILE.lstrip("/")
    for layer in image.layers:
        with layer.open_blob() as blob, open_uncompressed(blob) as tar, tarfile.open(fileobj=tar, mode="r|") as archive:
            for member in archive:
                if member.name.lstrip("/") == wanted and (file := archive.extractfile(member)) is not None:
                    return tuple((package.name, package.version) for package in read_package_list(file.read()))
    return ()
