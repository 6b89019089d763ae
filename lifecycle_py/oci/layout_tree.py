"""Images below one directory, a layout for each: ``<directory>/<host>/<repository>/<tag>`` or ``…/sha256/<hex>``.

Spec: platform.md, ``-layout-dir``; facts: reference/cnb.md §b.9 (layout export).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image
from lifecycle_py.oci.registry.reference import DOCKER_HUB, Reference, parse_reference
from lifecycle_py.oci.store import BringLayer, FoundImage, SavedImage, nothing_ahead


class LayoutTree:
    """Implements ``ImageStore``. An image is identified by its layout's path and its digest, ``path@sha256:…``.

    Layers whose blobs are elsewhere (a sparse layout) stay elsewhere: they are named, not brought in.
    """

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; layouts are made when images are saved."""
        self.directory = directory

    def find(self, reference: str) -> FoundImage | None:
        """Find an image by its registry name, or by the identifier an earlier ``find`` gave."""
        path, tag, digest = self._place(reference)
        store = LayoutStore(path)
        found = store.find(f"{tag}@{digest}") if digest else store.find(tag) or store.find_only()
        if found is None:
            return None
        return FoundImage(image=found.image, reference=f"{path}@{found.digest}", digest=found.digest)

    def save(self, image: Image, references: Sequence[str]) -> SavedImage:
        """Save an image in the layout of each reference."""
        saved = None
        for reference in references:
            path, tag, _ = self._place(reference)
            saved = LayoutStore(path).save(image, [tag], sparse=True)
        if saved is None:
            raise ValueError("an image is saved under at least one name")
        return SavedImage(
            references=tuple(references),
            digest=saved.digest,
            image_id=saved.image_id,
            manifest_size=saved.manifest_size,
        )

    def ahead(self, references: Sequence[str]) -> AbstractContextManager[BringLayer]:
        """Bring nothing ahead: saving takes layers from this machine."""
        del references
        return nothing_ahead()

    def check_access(self, reference: str, *, write: bool) -> None:
        """Make sure the directory can be made and written."""
        path, tag, _ = self._place(reference)
        LayoutStore(path).check_access(tag, write=write)

    def _place(self, reference: str) -> tuple[Path, str, str]:
        """Give an image's layout, its tag there, and the digest asked for (empty for the tag's own)."""
        plain, _, digest = reference.partition("@")
        if Path(plain).is_absolute():
            return Path(plain), "", digest
        parsed = parse_reference(reference)
        return self.directory / layout_path(parsed), parsed.tag, ""


def layout_path(reference: Reference) -> Path:
    """Give the relative path of a reference's layout, as the reference lifecycle names it."""
    host = "index.docker.io" if reference.host == DOCKER_HUB else reference.host
    leaf = reference.digest.replace(":", "/") if reference.digest else reference.tag
    return Path(host, reference.repository, leaf)
