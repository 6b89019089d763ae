"""The analyze phase: looks at the previous image and the run image before anything is built.

Facts: reference/cnb.md §b.4; spec: platform.md "analyzer" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.oci.store import FoundImage, ImageStore
from lifecycle_py.output import Reporter
from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import BASE_LABEL_PREFIX, EXEC_ENV_LABEL, LIFECYCLE_METADATA_LABEL, LayersMetadata
from lifecycle_py.spec.json_text import parse_json
from lifecycle_py.spec.targets import Distro, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """The document, and the images it speaks of as they were found."""

    analyzed: Analyzed
    run_image: FoundImage
    previous_image: FoundImage | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalyzeInputs:
    """What to look at.

    ``previous_image`` is by default what the first reference holds now. ``cache_image`` is looked at in the store of
    the app image. A previous image of another execution environment is not used.
    """

    references: tuple[str, ...]
    run_image: str
    previous_image: str = ""
    cache_image: str = ""
    exec_env: str = "production"
    platform_api: ApiVersion = PLATFORM_API


def analyze(inputs: AnalyzeInputs, *, store: ImageStore, run_image_store: ImageStore) -> Analysis:
    """Check access, and find the images.

    Args:
        inputs: which images.
        store: where the app image will be saved.
        run_image_store: where the run image is.

    Raises:
        StoreError: an image cannot be read, or could not be written later.
        ImageNotFoundError: there is no run image.
    """
    for reference in (*inputs.references, *filter(None, [inputs.cache_image])):
        store.check_access(reference, write=True)
    run = run_image_store.find(inputs.run_image)
    if run is None:
        raise ImageNotFoundError(reference=inputs.run_image, place="the run image's store")
    previous = store.find(inputs.previous_image or inputs.references[0])
    if previous and not _same_exec_env(previous.image.config, inputs.exec_env):
        previous = None
    has_targets = supports(inputs.platform_api, PlatformFeature.TARGETS)
    analyzed = Analyzed(
        previous_image=previous.reference if previous else "",
        run_image=RunImage(
            reference=run.reference,
            image=inputs.run_image if has_targets else "",
            target=image_target(run.image.config) if has_targets else None,
        ),
        metadata=read_layers_metadata(previous.image.config) if previous else LayersMetadata(),
    )
    return Analysis(analyzed=analyzed, run_image=run, previous_image=previous)


def _same_exec_env(previous: ImageConfig, exec_env: str) -> bool:
    """Tell whether a previous image's layers are of use (reference/cnb.md §b.13 item 18); old ones do not say."""
    return previous.labels.get(EXEC_ENV_LABEL, exec_env) == exec_env


def tell_images(analyzed: Analyzed, reporter: Reporter) -> None:
    """Say which images a build stands on."""
    run_image = analyzed.run_image
    reporter.step(f"Run image {run_image.image or run_image.reference}", reference=run_image.reference)
    if analyzed.previous_image:
        reporter.step("Previous image found; its layers are reused where nothing changed")
    else:
        reporter.step("No previous image")


def image_target(config: ImageConfig) -> Target:
    """Give the target an image declares in its config and labels."""
    distro = config.labels.get(f"{BASE_LABEL_PREFIX}distro.name", "")
    version = config.labels.get(f"{BASE_LABEL_PREFIX}distro.version", "")
    return Target(
        id=config.labels.get(f"{BASE_LABEL_PREFIX}id", ""),
        os=config.os,
        arch=config.architecture,
        variant=config.variant,
        distro=Distro(name=distro, version=version) if distro else None,
    )


def read_layers_metadata(config: ImageConfig) -> LayersMetadata:
    """Read an app image's label; one that cannot be read is as good as none, as in the reference."""
    label = config.labels.get(LIFECYCLE_METADATA_LABEL, "")
    try:
        return LayersMetadata.from_json(parse_json(label))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidIdentifierError):
        return LayersMetadata()
