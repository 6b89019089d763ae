"""Blobs of a layout that no image of it uses any more: what is left when a name moves to a new image.

Everything the index leads to is kept, through nested indexes, manifests and whatever else other tools put there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lifecycle_py.spec.json_text import parse_json

# A blob may have been linked by a saver that has not written the index yet.
_YOUNG: Final = 3600  # seconds


def unreferenced_blobs(layout: Path, index: Mapping[str, Any]) -> Iterator[Path]:
    """Give the files of all blobs that the index does not lead to, young ones excepted."""
    blobs = layout / "blobs"
    used = set(_reachable(index, blobs))
    oldest = time.time() - _YOUNG
    for file in blobs.glob("*/*"):
        # Linking a blob leaves its modification time alone and sets the change time.
        if f"{file.parent.name}:{file.name}" not in used and file.stat().st_ctime < oldest:
            yield file


def _reachable(document: object, blobs: Path) -> Iterator[str]:
    """Give every digest a document names, and what the named documents name."""
    for digest, media_type in _descriptors(document):
        yield digest
        if media_type.endswith("+json"):
            algorithm, _, value = digest.partition(":")
            try:
                below = parse_json((blobs / algorithm / value).read_bytes())
            except (OSError, ValueError):
                continue  # a sparse layout, or no document after all
            yield from _reachable(below, blobs)


def _descriptors(document: object) -> Iterator[tuple[str, str]]:
    if isinstance(document, dict):
        digest, media_type = document.get("digest"), document.get("mediaType")
        if isinstance(digest, str):
            yield digest, media_type if isinstance(media_type, str) else ""
        for value in document.values():
            yield from _descriptors(value)
    elif isinstance(document, list):
        for item in document:
            yield from _descriptors(item)
