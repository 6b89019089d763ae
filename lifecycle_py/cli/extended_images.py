"""What restorer, extender and exporter hand on of images that extensions change, where the reference does.

Facts: reference/cnb.md §b.4. Base images lie below ``/kaniko/cache/base`` as layouts without their layers: the extender
runs in a container of the image itself, and needs its configuration only. Extended run images lie below
``<extended>/run``, with the layers that extensions added.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.inputs import ExtendedRunImage
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image, Layer, serialize
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.spec.image_labels import REBASABLE_LABEL

_NAME = "extended"


def kaniko_directory(call: Invocation) -> Path:
    """Give the volume that platforms mount for extenders; the name is the reference's."""
    return Path(call.environ.get("CNB_KANIKO_DIR") or "/kaniko")


def save_base(call: Invocation, found: FoundImage) -> None:
    """Keep a base image's configuration for the extender."""
    directory = _base(call, found.reference)
    directory.mkdir(parents=True, exist_ok=True)
    layers = tuple(_left_out(layer, directory) for layer in found.image.layers)
    LayoutStore(directory).save(replace(found.image, layers=layers), [_NAME], sparse=True)


def read_base(call: Invocation, reference: str) -> Image:
    """Read what ``save_base`` kept, of the reference's restorer too.

    Raises:
        ImageNotFoundError: it is not there.
    """
    found = LayoutStore(_base(call, reference)).find_only() if "@" in reference else None
    if found is None:
        raise ImageNotFoundError(reference=reference, place=str(kaniko_directory(call)))
    return found.image


def save_extended(call: Invocation, extended: Image, base_layers: int) -> None:
    """Keep an extended run image for the exporter; its base's layers are left out."""
    directory = call.arguments.path("extended") / "run" / serialize(extended).digest
    directory.mkdir(parents=True, exist_ok=True)
    base = tuple(_left_out(layer, directory) for layer in extended.layers[:base_layers])
    layers = (*base, *extended.layers[base_layers:])
    LayoutStore(directory).save(replace(extended, layers=layers), [_NAME], sparse=True)


def read_extended(call: Invocation, base: Image) -> ExtendedRunImage:
    """Read an extended run image, its base's layers from where the base is.

    Raises:
        ImageNotFoundError: there is none, or several.
    """
    parent = call.arguments.path("extended") / "run"
    directories = tuple(parent.iterdir()) if parent.is_dir() else ()
    found = LayoutStore(directories[0]).find_only() if len(directories) == 1 else None
    if found is None:
        raise ImageNotFoundError(reference="the extended run image", place=str(parent))
    image = replace(found.image, layers=(*base.layers, *found.image.layers[len(base.layers) :]))
    label = image.config.labels.get(REBASABLE_LABEL, "")
    return ExtendedRunImage(image=image, rebasable=label == "true")


def _base(call: Invocation, reference: str) -> Path:
    return kaniko_directory(call) / "cache" / "base" / reference.rpartition("@")[2]


def _left_out(layer: Layer, directory: Path) -> Layer:
    """Say of a layer that its blob is where it is not: a layout without it is what is wanted."""
    return replace(layer, file=directory / "blobs" / layer.blob.digest.replace(":", "/"))
