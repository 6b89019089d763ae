"""The store in which an image lives that the user named, and its name there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.images.find_image import find_image
from builder.images.reference import ImageReference, parse_reference
from builder.images.registries import open_registries
from builder.places import Places
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.referrers import ReferrerStore
from lifecycle_py.oci.store import FoundImage, ImageStore


def open_store(reference: ImageReference, places: Places, insecure: Sequence[str] = ()) -> ImageStore:
    """Give the store of a reference.

    Raises:
        DaemonUnreachableError: it is a daemon that does not answer.
    """
    if reference.in_registry:
        return open_registries(insecure)
    if reference.in_daemon:
        from lifecycle_py.oci.daemon_store import DaemonStore

        return DaemonStore.from_environment()
    return LayoutStore(reference.layout or places.images)


def referrers_of(store: ImageStore) -> ReferrerStore | None:
    """Give the store again if it keeps what is attached to images; a Docker daemon does not."""
    from lifecycle_py.oci.registry_store import RegistryStore

    return store if isinstance(store, RegistryStore | LayoutStore) else None


@dataclass(frozen=True, slots=True)
class RunImages:
    """Implements ``ImageFinder`` over all the places a user may name: a run image need not live where the app does.

    A name without a place, as labels have it, is looked for in the local store and then in its registry.
    """

    places: Places
    insecure: tuple[str, ...] = ()

    def find(self, reference: str) -> FoundImage | None:
        """Find a run image, or None."""
        for name in (reference, *self._in_registry(reference)):
            try:
                return find_image(name, self.places, self.insecure)
            except ImageNotFoundError:
                continue
        return None

    @staticmethod
    def _in_registry(reference: str) -> tuple[str, ...]:
        first = reference.partition("/")[0]
        is_host = "/" in reference and ("." in first or ":" in first or first == "localhost")
        plain = not str(parse_reference(reference)).startswith(("oci:", "docker://", "docker-daemon:"))
        return (f"docker://{reference}",) if is_host and plain else ()
