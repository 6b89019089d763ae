"""The Debian packages of an image: from the list that our stacks carry inside, or from dpkg's own status."""

from __future__ import annotations

from builder.images.layer_files import read_layer_files
from builder.stacks.packages import PACKAGES_FILE, Package, parse_packages, read_package_list
from lifecycle_py.oci.model import Image

_LIST = PACKAGES_FILE.lstrip("/")
_STATUS = "var/lib/dpkg/status"
_STATUS_DIRECTORY = "var/lib/dpkg/status.d/"  # where images without dpkg have a file for each package


def packages_of(image: Image) -> tuple[Package, ...]:
    """Give every package, sorted; empty for an image of another distribution.

    Raises:
        BlobCorruptError, LayerArchiveError, StoreError: a layer cannot be read.
    """
    found: dict[str, bytes] = {}
    for layer in image.layers:
        found |= read_layer_files(layer, _is_list)
        if _LIST in found:
            return read_package_list(found[_LIST])
    stanzas = [_installed(data.decode("utf-8", errors="replace"), name) for name, data in sorted(found.items())]
    return parse_packages("\n\n".join(stanzas))


def _is_list(name: str) -> bool:
    return name in {_LIST, _STATUS} or (name.startswith(_STATUS_DIRECTORY) and not name.endswith(".md5sums"))


def _installed(stanzas: str, name: str) -> str:
    """Say of a package that it is installed, which is not written where there is no dpkg."""
    return stanzas if name == _STATUS else f"{stanzas.rstrip()}\nStatus: install ok installed\n"
