"""The app image's configuration: environment, entry point, labels and history over those of the run image. Pure.

Facts: reference/cnb.md §b.9; spec: platform.md "exporter", "Labels" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from lifecycle_py.oci.model import History, ImageConfig
from lifecycle_py.spec.api_versions import ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.image_labels import (
    BUILD_METADATA_LABEL,
    EXEC_ENV_LABEL,
    LIFECYCLE_METADATA_LABEL,
    PROJECT_METADATA_LABEL,
    REBASABLE_LABEL,
    BuildMetadata,
    LayersMetadata,
    go_json,
)
from lifecycle_py.spec.metadata_toml import LaunchMetadata
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata

_DEFAULT_CREATED = "1980-01-01T00:00:01Z"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """Everything the configuration says. ``history`` has a title for each layer above the ``run_layers`` of the base.

    ``rebasable`` is None where no extension changed the run image: then its own label, if any, stays.
    """

    built: LaunchMetadata
    default_process: str
    layers: LayersMetadata
    history: tuple[str, ...]
    run_layers: int
    app_directory: str
    layers_directory: str
    launcher_version: str
    project: ProjectMetadata
    exec_env: str
    source_date_epoch: int | None
    rebasable: bool | None
    platform_api: ApiVersion


def app_image_config(run: ImageConfig, facts: ImageFacts) -> ImageConfig:
    """Give the configuration of the app image."""
    created = created_time(facts.source_date_epoch)
    entrypoint = f"/cnb/process/{facts.default_process}" if facts.default_process else "/cnb/lifecycle/launcher"
    return dataclasses.replace(
        run,
        created=created,
        env=_environment(run, facts),
        labels={**run.labels, **_labels(run, facts)},
        working_dir=facts.app_directory,
        entrypoint=(entrypoint,),
        cmd=(),
        history=_history(run, facts, created),
    )


def _history(run: ImageConfig, facts: ImageFacts, created: str) -> tuple[History, ...]:
    """Give the history of all layers; before Platform API 0.12 it has a line for each, which says nothing."""
    if not supports(facts.platform_api, PlatformFeature.HISTORY):
        return (History(created=created_time(None), created_by=""),) * (facts.run_layers + len(facts.history))
    return (*_base_history(run, facts), *(History(created=created, created_by=title) for title in facts.history))


def _base_history(run: ImageConfig, facts: ImageFacts) -> tuple[History, ...]:
    """Give the run image's history, or one line per layer where it does not fit its layers, as the reference does."""
    if sum(not entry.empty_layer for entry in run.history) == facts.run_layers:
        return run.history
    return (History(created=created_time(None), created_by=""),) * facts.run_layers


def created_time(source_date_epoch: int | None) -> str:
    """Give the creation time an image states: a constant, unless a build asks for its own."""
    if source_date_epoch is None:
        return _DEFAULT_CREATED
    moment = dt.datetime.fromtimestamp(source_date_epoch, tz=dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _environment(run: ImageConfig, facts: ImageFacts) -> tuple[str, ...]:
    """Add the launcher's variables; the run image's own keep their order."""
    environment = run.environment()
    path = environment.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    environment |= {
        "CNB_LAYERS_DIR": facts.layers_directory,
        "CNB_APP_DIR": facts.app_directory,
        "CNB_PLATFORM_API": str(facts.platform_api),
        "CNB_DEPRECATION_MODE": "quiet",
        "PATH": f"/cnb/process:/cnb/lifecycle:{path}",
    }
    return tuple(f"{name}={value}" for name, value in environment.items())


def _labels(run: ImageConfig, facts: ImageFacts) -> dict[str, str]:
    api = facts.platform_api
    build_metadata = BuildMetadata(
        buildpacks=tuple(_element(element) for element in facts.built.buildpacks),
        extensions=tuple(_element(element) for element in facts.built.extensions),
        launcher_version=facts.launcher_version,
        processes=facts.built.processes,
        default_process_type=facts.default_process,
        command_lists=supports(api, PlatformFeature.COMMAND_LISTS),
        unstructured_bom=not supports(api, PlatformFeature.NO_UNSTRUCTURED_BOM),
    )
    labels = {label.key: label.value for label in facts.built.labels}
    labels |= {
        LIFECYCLE_METADATA_LABEL: go_json(facts.layers.to_json()),
        BUILD_METADATA_LABEL: go_json(build_metadata.to_json()),
        PROJECT_METADATA_LABEL: go_json(facts.project.to_toml()),
    }
    if supports(api, PlatformFeature.EXECUTION_ENVIRONMENTS):
        labels[EXEC_ENV_LABEL] = facts.exec_env
    if supports(api, PlatformFeature.TARGETS):
        labels[REBASABLE_LABEL] = _rebasable(run, facts)
    return labels


def _rebasable(run: ImageConfig, facts: ImageFacts) -> str:
    """Tell a rebase whether it may put a newer base under the image; the reference never does (cnb.md §b.13 item 7)."""
    if facts.rebasable is None:
        return run.labels.get(REBASABLE_LABEL, "true")
    return "true" if facts.rebasable else "false"


def _element(element: GroupElement) -> dict[str, str]:
    homepage = {"homepage": element.homepage} if element.homepage else {}
    return {"id": element.id, "version": element.version, **homepage}
