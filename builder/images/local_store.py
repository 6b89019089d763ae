"""Finding an image the user named, in the local store or in a layout."""

from __future__ import annotations

from builder.images.reference import DEFAULT_TAG, parse_reference
from builder.places import Places
from lifecycle_py.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage

# Base images live in the local store, too; people ask for their own images.
BASE_IMAGE_PREFIX = "offramp/"


def find_image(text: str, places: Places) -> FoundImage:
    """Find an image by the name a user gave: ``name[:tag]``, or ``oci:DIR[:name]``.

    Raises:
        InvalidReferenceError: it is no name.
        ImageNotFoundError: there is no such image; names the nearest.
    """
    reference = parse_reference(text)
    store = LayoutStore(reference.layout or places.images)
    names = store.references()
    name = reference.name or (names[0] if len(names) == 1 else "")
    found = store.find(name) if name else None
    if found is None:
        own = [one for one in names if not one.startswith(BASE_IMAGE_PREFIX)]
        spellings = dict.fromkeys([*(one.removesuffix(f":{DEFAULT_TAG}") for one in own), *own])
        raise ImageNotFoundError(reference=text, place=str(store.directory), known=tuple(spellings))
    return found
