"""Finding an image the user named, in the local store, a layout or a registry."""

from __future__ import annotations

from dataclasses import replace

from builder.errors import ImageNameNeededError
from builder.images.reference import DEFAULT_TAG, parse_reference
from builder.places import Places
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage

# Base images live in the local store, too; people ask for their own images.
BASE_IMAGE_PREFIX = "offramp/"


def find_image(text: str, places: Places) -> FoundImage:
    """Find an image by the name a user gave: ``name[:tag]``, ``oci:DIR[:name]`` or ``docker://HOST/REPO[:TAG]``.

    Raises:
        InvalidReferenceError: it is no name.
        ImageNotFoundError: there is no such image; names the nearest.
        StoreError: the store or registry could not tell.
    """
    reference = parse_reference(text)
    if reference.in_registry:
        return _find_in_registry(reference.name, text)
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
    for layer in found.image.layers:
        if layer.file is None:
            blobs.take(layer)
    layers = tuple(layer if layer.file else blobs.layer(layer.diff_id, layer.blob) for layer in found.image.layers)
    return replace(found, image=replace(found.image, layers=layers))


def _find_in_registry(name: str, text: str) -> FoundImage:
    from lifecycle_py.oci.registry_store import RegistryStore

    found = RegistryStore.from_environment().find(name)
    if found is None:
        raise ImageNotFoundError(reference=text, place="the registry")
    return found
