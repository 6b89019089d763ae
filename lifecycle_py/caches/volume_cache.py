"""A cache in a directory of the reference lifecycle's form: either lifecycle goes on with what the other left.

Facts: reference/cnb.md §b.8. Layers are kept as uncompressed tars, which the exporter writes on the way (``new_tar``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from lifecycle_py.caches.cache import CacheContents
from lifecycle_py.caches.committed_tars import CommittedTars, Staging
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.oci.model import Descriptor, DiffId, Layer, MediaType, parse_digest
from lifecycle_py.spec.cache_metadata import CACHE_METADATA_LABEL, CacheMetadata
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import RecordedBuildpack, go_json
from lifecycle_py.spec.json_text import parse_json


class VolumeCache:
    """Implements ``Cache``."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``; it is made by the first update."""
        self.directory = directory
        self._tars = CommittedTars(directory)

    def contents(self) -> CacheContents:
        """Read what there is; damaged metadata are as good as none, as in the reference."""
        try:
            with self._tars.unchanging():
                metadata = CacheMetadata.from_json(parse_json(self._tars.read(CACHE_METADATA_LABEL)))
                layers = tuple(layer for diff_id in metadata.diff_ids() if (layer := self._layer(diff_id)))
        except FileNotFoundError:
            return CacheContents()
        except OSError as error:
            raise self._unusable(error) from error
        except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
            return CacheContents()
        return CacheContents(buildpacks=metadata.buildpacks, layers=layers, sbom=DiffId(metadata.sbom) or None)

    def open_layer(self, diff_id: DiffId) -> BinaryIO:
        """Open the tar of a layer, verified while it is read."""
        try:
            return self._tars.open(diff_id)
        except FileNotFoundError as error:
            raise CacheUnusableError(place=str(self.directory), problem=f"layer {diff_id} is not in it") from error
        except OSError as error:
            raise self._unusable(error) from error

    def new_tar(self) -> Path | None:
        """Give a new file's name in this cache, so that keeping the layer costs no second pass."""
        try:
            return self._tars.new_tar()
        except OSError:
            return None  # the update will say why

    @contextlib.contextmanager
    def update(self) -> Iterator[_Update]:
        """Gather the next contents and put them in place at the end."""
        try:
            with self._tars.update() as staging:
                update = _Update(staging)
                yield update
                text = go_json(CacheMetadata(sbom=update.sbom, buildpacks=tuple(update.buildpacks)).to_json())
                staging.write(CACHE_METADATA_LABEL, f"{text}\n".encode())
        except OSError as error:
            raise self._unusable(error) from error

    def _layer(self, diff_id: str) -> Layer | None:
        digest = parse_digest(diff_id)  # it came from a file and becomes a path
        size = self._tars.size(digest)
        if size is None:
            return None
        path = self._tars.path(digest)
        return Layer(
            diff_id=DiffId(digest),
            blob=Descriptor(media_type=MediaType.LAYER, digest=digest, size=size),
            open_blob=lambda: self._tars.open(DiffId(digest)),
            file=path,
            tar=path,
        )

    def _unusable(self, error: OSError) -> CacheUnusableError:
        return CacheUnusableError(place=str(self.directory), problem=error.strerror or str(error))


class _Update:
    """Implements ``CacheUpdate``."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self.buildpacks: list[RecordedBuildpack] = []
        self.sbom = ""

    def record(self, buildpack: RecordedBuildpack, layers: Sequence[Layer]) -> None:
        for layer in layers:
            self._staging.add(layer)
        self.buildpacks.append(buildpack)

    def record_sbom(self, layer: Layer) -> None:
        self._staging.add(layer)
        self.sbom = layer.diff_id
