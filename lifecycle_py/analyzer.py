"""The analyze phase: looks at the previous image and the run image before anything is built.

Facts: reference/cnb.md §b.4; spec: platform.md "analyzer" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.oci.store import FoundImage, ImageStore
from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import BASE_LABEL_PREFIX, LIFECYCLE_METADATA_LABEL, LayersMetadata
from lifecycle_py.spec.targets import Distro, Target
from lifecycle_py.spec.toml_file import write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """The document, and the images it speaks of as they were found."""

    analyzed: Analyzed
    run_image: FoundImage
    previous_image: FoundImage | None


def analyze(
    *, references: Sequence[str], run_image: str, store: ImageStore, run_image_store: ImageStore, layers_dir: Path
) -> Analysis:
    """Check access, find the images, and write ``analyzed.toml``.

    Args:
        references: names of the app image; the first one's present content is the previous image.
        run_image: name of the run image.
        store: where the app image will be saved.
        run_image_store: where the run image is.
        layers_dir: the layers directory on the host.

    Raises:
        StoreError: an image cannot be read, or could not be written later.
        ImageNotFoundError: there is no run image.
    """
    for reference in references:
        store.check_access(reference, write=True)
    run = run_image_store.find(run_image)
    if run is None:
        raise ImageNotFoundError(reference=run_image, place="the run image's store")
    previous = store.find(references[0])
    analyzed = Analyzed(
        previous_image=previous.reference if previous else "",
        run_image=RunImage(reference=run.reference, image=run_image, target=image_target(run.image.config)),
        metadata=read_layers_metadata(previous.image.config) if previous else LayersMetadata(),
    )
    write_toml(layers_dir / "analyzed.toml", analyzed.to_toml())
    return Analysis(analyzed=analyzed, run_image=run, previous_image=previous)


def image_target(config: ImageConfig) -> Target:
    """Give the target an image declares in its config and labels."""
    distro = config.labels.get(f"{BASE_LABEL_PREFIX}distro.name", "")
    version = config.labels.get(f"{BASE_LABEL_PREFIX}distro.version", "")
    return Target(
        os=config.os,
        arch=config.architecture,
        variant=config.variant,
        distro=Distro(name=distro, version=version) if distro else None,
    )


def read_layers_metadata(config: ImageConfig) -> LayersMetadata:
    """Read an app image's label; one that cannot be read is as good as none, as in the reference."""
    label = config.labels.get(LIFECYCLE_METADATA_LABEL, "")
    try:
        return LayersMetadata.from_json(json.loads(label))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
        return LayersMetadata()
