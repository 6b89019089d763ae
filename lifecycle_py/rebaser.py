"""The rebase phase: puts an app image on a newer run image, without building anything again.

Facts: reference/cnb.md §b.11; spec: platform.md "rebaser". Layers are only named: a registry mounts or has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_py.app_image import created_time
from lifecycle_py.errors import NotRebasableError, RunImageMissingError
from lifecycle_py.oci.errors import ImageNotFoundError, StoreError
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.oci.store import FoundImage, ImageFinder, ImageStore, SavedImage
from lifecycle_py.output import Reporter
from lifecycle_py.rebasing import known_bases, knows_base, rebase_image, stack_objections, target_objections
from lifecycle_py.run_images import choose_run_image
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.image_labels import LIFECYCLE_METADATA_LABEL
from lifecycle_py.spec.json_text import parse_json
from lifecycle_py.spec.report_toml import Report
from lifecycle_py.spec.run_toml import RunImageChoice


@dataclass(frozen=True, kw_only=True, slots=True)
class RebaseInputs:
    """What is rebased onto what.

    The app image is ``previous_image``, by default what the first reference holds. ``run_image`` is by default the
    name the app image was built for, or its mirror on the registry of the first reference.
    """

    references: tuple[str, ...]
    previous_image: str = ""
    run_image: str = ""
    force: bool = False
    source_date_epoch: int | None = None
    platform_api: ApiVersion = PLATFORM_API


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebased:
    """The result of the phase: the image before and after, its base, and how many layers are the app's own."""

    before: FoundImage
    saved: SavedImage
    run_image: FoundImage
    own_layers: int

    @property
    def report(self) -> Report:
        """Give the document for platforms."""
        saved = self.saved
        return Report(
            tags=saved.references, digest=saved.digest, image_id=saved.image_id, manifest_size=saved.manifest_size
        )


def rebase(inputs: RebaseInputs, *, store: ImageStore, run_image_store: ImageFinder, reporter: Reporter) -> Rebased:
    """Rebase, and save the image under each reference.

    Raises:
        ImageNotFoundError: there is no such app image or run image.
        NotRebasableError: the rules forbid it; nothing was saved.
        StoreError: the image could not be saved; the one before is unchanged.
    """
    app_name = inputs.previous_image or inputs.references[0]
    app = _find(app_name, store, "the app image's store")
    metadata = _metadata(app_name, app.image.config)
    base_name = inputs.run_image or _base_name(metadata, inputs.references[0], run_image_store)
    base = _find(base_name, run_image_store, "the run image's store")
    reporter.step(f"App image {app_name}", reference=app.reference)
    reporter.step(f"Run image {base_name}", reference=base.reference)
    _check(app_name, app.image.config, base.image.config, inputs, reporter)
    metadata = _new_metadata(app_name, metadata, base_name, base, inputs, reporter)
    base_layers = _base_layers(app_name, app, _metadata(app_name, app.image.config))
    image = rebase_image(app.image, base.image, metadata, base_layers, created_time(inputs.source_date_epoch))
    with reporter.timed_step("Saving the image", "Saved the image"):
        saved = store.save(image, inputs.references)
    return Rebased(before=app, saved=saved, run_image=base, own_layers=len(app.image.layers) - base_layers)


def _find(name: str, store: ImageFinder, place: str) -> FoundImage:
    found = store.find(name)
    if found is None:
        raise ImageNotFoundError(reference=name, place=place)
    return found


def _metadata(name: str, config: ImageConfig) -> dict[str, Any]:
    """Read the lifecycle label whole: what we do not know stays in it."""
    try:
        metadata = parse_json(config.labels.get(LIFECYCLE_METADATA_LABEL, ""))
    except ValueError:
        metadata = None
    tables = metadata if isinstance(metadata, dict) else {}
    run_image, stack = tables.get("runImage"), tables.get("stack") or {}
    if not (isinstance(run_image, dict) and isinstance(run_image.get("topLayer"), str) and isinstance(stack, dict)):
        problem = "it has no lifecycle label, so a lifecycle did not make it"
        raise NotRebasableError(image=name, problem=problem, force_helps=False)
    return tables


def _base_name(metadata: Mapping[str, Any], output: str, run_image_store: ImageFinder) -> str:
    names = known_bases(metadata)
    if not names:
        raise RunImageMissingError(file="the app image's label")
    return choose_run_image(RunImageChoice(image=names[0], mirrors=names[1:]), output, is_readable(run_image_store))


def is_readable(store: ImageFinder) -> Callable[[str], bool]:
    """Make the question whether a store gives an image of a name."""

    def ask(name: str) -> bool:
        try:
            return store.find(name) is not None
        except StoreError:
            return False

    return ask


def _check(name: str, app: ImageConfig, base: ImageConfig, inputs: RebaseInputs, reporter: Reporter) -> None:
    """Refuse a base that the app image's own Platform API rules out."""
    version = app.environment().get("CNB_PLATFORM_API", "")
    if not _has_targets(version):
        for problem in stack_objections(app, base):
            raise NotRebasableError(image=name, problem=problem, force_helps=False)
        return
    for problem in target_objections(app, base):
        if not inputs.force:
            raise NotRebasableError(image=name, problem=problem, force_helps=True)
        reporter.warning(f"Rebasing all the same, as asked: {problem}")


def _has_targets(version: str) -> bool:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and (minor or "0").isdecimal()):
        return False
    return supports(ApiVersion(int(major), int(minor or "0")), PlatformFeature.TARGETS)


def _new_metadata(
    name: str,
    metadata: Mapping[str, Any],
    base_name: str,
    base: FoundImage,
    inputs: RebaseInputs,
    reporter: Reporter,
) -> dict[str, Any]:
    run_image = dict(metadata["runImage"])
    run_image["topLayer"] = base.image.layers[-1].diff_id if base.image.layers else ""
    run_image["reference"] = base.reference
    result = {**metadata, "runImage": run_image}
    if supports(inputs.platform_api, PlatformFeature.TARGETS) and not knows_base(metadata, base_name):
        problem = f"it was built for {', '.join(known_bases(metadata)) or 'an unnamed base'}, not for '{base_name}'"
        if not inputs.force:
            raise NotRebasableError(image=name, problem=problem, force_helps=True)
        reporter.warning(f"Rebasing all the same, as asked: {problem}")
        result["runImage"] = {"topLayer": run_image["topLayer"], "reference": base.reference, "image": base_name}
        result["stack"] = {"runImage": {"image": base_name}}
    return result


def _base_layers(name: str, app: FoundImage, metadata: Mapping[str, Any]) -> int:
    """Count the layers up to the one the label says is the top of the old base."""
    top = metadata["runImage"]["topLayer"]
    diff_ids = [layer.diff_id for layer in app.image.layers]
    if top not in diff_ids:
        problem = f"its label says that the run image ends with layer {top}, which it does not have"
        raise NotRebasableError(image=name, problem=problem, force_helps=False)
    return diff_ids.index(top) + 1
