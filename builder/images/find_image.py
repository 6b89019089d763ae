"""Finding an image the user named, in the local store, a layout, a registry or a Docker daemon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builder.errors import ImageNameNeededError
from builder.images.reference import DEFAULT_TAG, parse_reference
from builder.images.registries import open_registries
from builder.places import Places
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage

# Base images live in the local store, too; people ask for their own images.
BASE_IMAGE_PREFIX = "offramp/"


def find_image(text: str, places: Places, insecure: Sequence[str] = ()) -> FoundImage:
    """Find an image by the name a user gave (see ``builder.images.reference``).

    ``insecure`` are registries that may speak plain http or show a certificate nobody trusts.

    Raises:
        InvalidReferenceError: it is no name.
        ImageNotFoundError: there is no such image; names the nearest.
        StoreError: the store, registry or daemon could not tell.
    """
    reference = parse_reference(text)
    if reference.in_registry:
        return _find_in_registry(reference.name, text, insecure)
    if reference.in_daemon:
        return _find_in_daemon(reference.name, text)
    store = LayoutStore(reference.layout or places.images)
    names = store.references()
    name = reference.name or (names[0] if len(names) == 1 else "")
    found = store.find(name) if name else None
    if found is None:
        if reference.layout and not reference.name and names:
            raise ImageNameNeededError(layout=str(reference.layout), names=names)
        own = [one for one in names if not one.startswith(BASE_IMAGE_PREFIX)]
        spellings = dict.fromkeys([*(one.removesuffix(f":{DEFAULT_TAG}") for one in own), *own])
        raise ImageNotFoundError(reference=text, place=str(store.directory), known=tuple(spellings))
    return found


def with_local_blobs(found: FoundImage, places: Places) -> FoundImage:
    """Bring an image's layers to this machine, each verified before anything unpacks it.

    They lie beside those of the local store, which has the base image's already; 'offramp images --prune' frees them.

    Raises:
        BlobCorruptError: a layer is not what its digest says.
    """
    blobs = LayoutStore(places.images).blobs
    layers = tuple(layer if layer.file else blobs.take(layer) for layer in found.image.layers)
    return replace(found, image=replace(found.image, layers=layers))


def _find_in_registry(name: str, text: str, insecure: Sequence[str]) -> FoundImage:
    found = open_registries(insecure).find(name)
    if found is None:
        raise ImageNotFoundError(reference=text, place="the registry")
    return found


def _find_in_daemon(name: str, text: str) -> FoundImage:
    from lifecycle_py.oci.daemon_store import DaemonStore

    found = DaemonStore.from_environment().find(name)
    if found is None:
        raise ImageNotFoundError(reference=text, place="the Docker daemon")
    return found
