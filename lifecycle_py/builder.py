"""The build phase: runs each buildpack's bin/build and gathers what they contribute.

Facts: reference/cnb.md §b.6, §b.9 (processes), §b.15 (SBOM); spec: platform.md "builder" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lifecycle_py.caches.tree_pool import remove_tree
from lifecycle_py.environment import LayerEnvironment
from lifecycle_py.errors import BuildpackFailedError, BuildpackOutputError
from lifecycle_py.inputs import Directories
from lifecycle_py.layers_dir import LocalLayer, layer_environment, read_document, read_layers, set_aside_unused
from lifecycle_py.output import Reporter
from lifecycle_py.plan import buildpack_plan, without_met
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.sbom_files import SbomFile, find_sbom_files, write_sbom_files
from lifecycle_py.spec.build_toml import Build
from lifecycle_py.spec.buildpack_toml import Buildpack, read_buildpack
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.image_labels import RecordedProcess
from lifecycle_py.spec.launch_toml import Label, Launch, Process, Slice
from lifecycle_py.spec.layer_toml import LayerTypes
from lifecycle_py.spec.metadata_toml import LaunchMetadata
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.toml_file import read_toml, write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What one buildpack left: its element, its layers, its launch.toml and its bills of materials."""

    element: GroupElement
    layers: tuple[LocalLayer, ...]
    launch: Launch = Launch()  # noqa: RUF009 - immutable
    sboms: tuple[SbomFile, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """The result of the phase."""

    contributions: tuple[Contribution, ...]
    metadata: LaunchMetadata


def build(group: Group, plan: Plan, runner: BuildpackRunner, reporter: Reporter) -> Built:
    """Build, and write ``config/metadata.toml`` into the layers directory.

    Raises:
        BuildpackFailedError: a ``bin/build`` ended with an error.
        BuildpackOutputError: a buildpack left something the specification forbids.
    """
    directories = runner.directories
    contributions: list[Contribution] = []
    earlier: list[LayerEnvironment] = []
    for element in group.buildpacks:
        buildpack = read_buildpack(directories.buildpack(element.id, element.version).host)
        _run(buildpack, element, plan, earlier, runner, reporter)
        contribution, unmet = _collect(buildpack, element, plan, directories)
        plan = without_met(plan, element.id, unmet)
        earlier.extend(layer_environment(layer) for layer in contribution.layers if layer.types.build)
        contributions.append(contribution)
    metadata = replace(launch_metadata(contributions, reporter), extensions=group.extensions)
    sboms = [file for contribution in contributions for file in contribution.sboms]
    write_sbom_files(sboms, directories.layers.host / "sbom")
    config_dir = directories.layers.host / "config"
    remove_tree(config_dir)  # it may be a link that a buildpack left
    config_dir.mkdir()
    write_toml(config_dir / "metadata.toml", metadata.to_toml())
    return Built(contributions=tuple(contributions), metadata=metadata)


def read_built(group: Group, directories: Directories) -> Built:
    """Read what a build in another process left in the layers directory.

    Raises:
        TomlError: ``config/metadata.toml`` or a layer's metadata is missing or broken.
        UnsafeLinkError: a file leads out of its directory.
    """
    config = directories.layers / "config" / "metadata.toml"
    metadata = LaunchMetadata.from_toml(read_toml(config.checked(directories.layers)))
    contributions = tuple(
        Contribution(
            element=element,
            layers=tuple(layer for layer in read_layers(directories.layers_of(element)) if layer.types != LayerTypes()),
        )
        for element in group.buildpacks
    )
    return Built(contributions=contributions, metadata=metadata)


def launch_metadata(contributions: Sequence[Contribution], reporter: Reporter) -> LaunchMetadata:
    """Merge what buildpacks contribute: of processes of one type the last wins, and so does the last default.

    Processes of one type that are meant for different execution environments stand side by side.
    """
    processes: list[RecordedProcess] = []
    default = ""
    labels: dict[str, Label] = {}
    slices: list[Slice] = []
    for contribution in contributions:
        for process in contribution.launch.processes:
            if process.default:
                default = process.type
            elif default == process.type:
                reporter.warning(f"{contribution.element} redefines the default process '{default}' as not the default")
                default = ""
            processes = [one for one in processes if not _replaces(process, one.process)]
            processes.append(RecordedProcess(process=process, buildpack_id=contribution.element.id))
        labels.update({label.key: label for label in contribution.launch.labels})
        slices.extend(contribution.launch.slices)
    return LaunchMetadata(
        buildpacks=tuple(contribution.element for contribution in contributions),
        processes=tuple(sorted(processes, key=lambda recorded: recorded.process.type)),
        default_process_type=default,
        labels=tuple(labels.values()),
        slices=tuple(slices),
    )


def _replaces(new: Process, old: Process) -> bool:
    """Tell whether a process takes the place of one before it: same type, and an execution environment in common."""
    if new.type != old.type:
        return False
    anywhere = not new.exec_env or not old.exec_env or "*" in (*new.exec_env, *old.exec_env)
    return anywhere or bool({*new.exec_env} & {*old.exec_env})


def _run(
    buildpack: Buildpack,
    element: GroupElement,
    plan: Plan,
    earlier: Sequence[LayerEnvironment],
    runner: BuildpackRunner,
    reporter: Reporter,
) -> None:
    directories = runner.directories
    directories.layers_of(element).host.mkdir(exist_ok=True)  # the restorer has made it, where one ran
    plan_file = directories.scratch / f"buildpack-plan-{element.id.replace('/', '_')}.toml"
    write_toml(plan_file.host, buildpack_plan(plan, element.id).to_toml())
    begin = time.monotonic()
    status = runner.build(
        buildpack,
        directories.layers_of(element),
        plan_file,
        earlier,
        lambda line: reporter.output(line, buildpack=str(element)),
    )
    if not status.ok:
        raise BuildpackFailedError(buildpack=str(element), status=str(status))
    seconds = round(time.monotonic() - begin, 3)
    reporter.step(f"{element} done", buildpack=str(element), seconds=seconds)


def _collect(
    buildpack: Buildpack, element: GroupElement, plan: Plan, directories: Directories
) -> tuple[Contribution, tuple[str, ...]]:
    """Read what the buildpack left, naming it in every error."""
    place = directories.layers_of(element)
    try:
        layers = set_aside_unused(place)
        launch = Launch.from_toml(read_document(place, "launch.toml"), buildpack.api)
        unmet = Build.from_toml(read_document(place, "build.toml")).unmet
        sboms = tuple(find_sbom_files(buildpack, layers, place))
    except BuildpackOutputError:
        raise
    except ExplainedError as error:
        raise BuildpackOutputError(buildpack=str(element), problem=str(error)) from error
    asked = {entry.name for entry in buildpack_plan(plan, element.id).entries}
    if strangers := [name for name in unmet if name not in asked]:
        problem = f"build.toml leaves '{strangers[0]}' unmet, which is not in the buildpack's plan"
        raise BuildpackOutputError(buildpack=str(element), problem=problem)
    if len(defaults := [process.type for process in launch.processes if process.default]) > 1:
        problem = f"launch.toml has several default processes: {', '.join(defaults)}"
        raise BuildpackOutputError(buildpack=str(element), problem=problem)
    return Contribution(element=element, layers=layers, launch=launch, sboms=sboms), unmet
