"""The ImageStore port: where images live. The same image has the same digest in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from lifecycle_py.oci.model import Digest, Image, ImageId, Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundImage:
    """An image as a store holds it. ``reference`` names exactly this content (``name@digest``).

    ``digest`` is what the store knows the content by: the manifest's; in a Docker daemon that keeps none, the image ID.
    """

    image: Image
    reference: str
    digest: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedImage:
    """What saving gave; ``digest`` as of ``FoundImage``. ``manifest_size`` is in bytes, 0 where no manifest is kept."""

    references: tuple[str, ...]
    digest: Digest
    image_id: ImageId
    manifest_size: int


BringLayer = Callable[[Layer], None]


@contextmanager
def nothing_ahead() -> Iterator[BringLayer]:
    """Bring nothing in ahead: for stores that have a layer as soon as it is made."""
    yield lambda _: None


class ImageFinder(Protocol):
    """The half of the port that only reads."""

    def find(self, reference: str) -> FoundImage | None:
        """Find an image; None when there is none of that name.

        Raises:
            StoreError: could not tell.
        """
        ...


class ImageStore(ImageFinder, Protocol):
    """**Port.** Implemented by layouts, registries and Docker daemons."""

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        """Save an image under each reference, all or nothing, bringing in only blobs that are missing.

        Raises:
            StoreError: could not save; what was there before is unchanged.
        """
        ...

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        """Give a function that may bring layers in already, while others of the image are still being made.

        What it cannot bring, ``save`` will. An error within the block ends what is under way.
        """
        ...

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure that reading or writing will be possible, before a build and not after it.

        Raises:
            StoreError: it would not be; says why.
        """
        ...
