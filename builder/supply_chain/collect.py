"""Collecting what is in an image: the bills of materials in its SBOM layer, and the packages of its run image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from builder.build.run_app import split_image
from builder.images.layer_files import read_layer_files
from builder.images.packages_of_image import packages_of
from builder.supply_chain.components import Component, debian_component, merge, read_bill
from builder.supply_chain.documents import Described
from lifecycle_py.analyzer import image_target, read_layers_metadata
from lifecycle_py.oci.model import Image
from lifecycle_py.sbom_files import FORMATS
from lifecycle_py.sbom_restore import sbom_layer
from lifecycle_py.version import __version__

# The order in which they are preferred: a layer described twice is to be counted once.
_EXTENSIONS = tuple(FORMATS.values())


def describe(image: Image, name: str, digest: str) -> Described:
    """Describe an image with every component that is known.

    Args:
        image: the image.
        name: what to call it, without a tag.
        digest: of its manifest.

    Raises:
        BlobCorruptError, LayerArchiveError, StoreError: a layer cannot be read.
    """
    return Described(
        name=name,
        digest=digest,
        created=image.config.created,
        tool=__version__,
        components=merge([*_of_run_image(image), *_of_layers(image)]),
    )


def _of_run_image(image: Image) -> Iterator[Component]:
    base, _ = split_image(image)
    distro = image_target(image.config).distro
    for package in packages_of(base):
        yield debian_component(package, distro.name if distro else "", distro.version if distro else "")


def _of_layers(image: Image) -> Iterator[Component]:
    """Read the SBOM layer: ``<layers>/sbom/launch/<buildpack>/[<layer>/]sbom.<extension>``."""
    layer = sbom_layer(image, read_layers_metadata(image.config))
    if layer is None:
        return
    bills: dict[str, dict[str, dict[str, Any]]] = {}
    for name, data in read_layer_files(layer, lambda name: bool(_what(name)[1])).items():
        origin, extension = _what(name)
        bills.setdefault(origin, {})[extension] = _json_object(data)
    for origin, by_extension in sorted(bills.items()):
        extension = min(by_extension, key=_EXTENSIONS.index)
        yield from read_bill(extension, by_extension[extension], origin)


def _what(name: str) -> tuple[str, str]:
    """Tell of which layer a file of the SBOM layer speaks, and in which format; empty for any other file."""
    parts = PurePosixPath(name).parts
    extension = parts[-1].removeprefix("sbom.") if parts else ""
    if "launch" not in parts or extension not in _EXTENSIONS:
        return "", ""
    return ":".join(parts[parts.index("launch") + 1 : -1]), extension


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
