"""A build from the platform's side: prepare directories and a root file system, then call the lifecycle.

Read ``build_app`` top to bottom; each step is a module of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from builder.build.app_source import check_app, copy_app
from builder.build.executor import BuildEnvironment, Executor, Mount
from builder.build.request import BuildRequest
from builder.build.sandbox_owner import sandbox_owner
from builder.build.staging import INSIDE as BUILDPACKS_INSIDE
from builder.build.staging import stage_buildpacks
from builder.build.variables import write_platform_env
from builder.build.workspace import Workspace, open_workspace
from builder.errors import BuildpackNotFoundError
from builder.images.builder_toml import Builder, read_builder, with_buildpacks
from builder.places import Places
from builder.stacks.root_file_system import unpack_image
from builder.stacks.stack_cache import ensure_stack
from builder.stacks.stack_toml import load_stack
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.caches.tree_pool import TreePool
from lifecycle_py.creator import CreateInputs, CreatePorts, create
from lifecycle_py.exporter import Exported, ExportInputs
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.launcher import LAUNCHER_VERSION, launcher_file
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.oci.store import FoundImage, ImageStore
from lifecycle_py.output import Reporter
from lifecycle_py.session import Place
from lifecycle_py.spec.buildpack_toml import read_buildpack

LAYERS_INSIDE = PurePosixPath("/layers")
PLATFORM_INSIDE = PurePosixPath("/platform")
SCRATCH_INSIDE = PurePosixPath("/tmp")  # noqa: S108 - inside of the sandbox


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPorts:
    """What a build works with. ``store`` is where the image goes."""

    places: Places
    store: ImageStore
    executor: Executor
    reporter: Reporter


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseImages:
    """The images a build stands on."""

    build: FoundImage
    run: FoundImage


def build_app(request: BuildRequest, ports: BuildPorts) -> Exported:
    """Build an app into an image.

    Raises:
        ExplainedError: something failed; no image was written, and the cache is as it was.
    """
    places, reporter = ports.places, ports.reporter
    check_app(request.app)
    builder = _choose_buildpacks(read_builder(request.builder), request.buildpacks)

    reporter.header("Preparing", phase="preparing")
    store = LayoutStore(places.images)
    images = _base_images(builder.stack, store, reporter)
    user = _build_user(images.build.image.config)
    reporter.progress("Unpacking the build image")
    root = unpack_image(images.build.image, places.roots)

    with open_workspace(places.work, user.host_owner) as workspace:
        source = copy_app(request.app, workspace.app, user.host_owner)
        left_out = ", files git ignores left out" if source.known_to_git else ""
        count = f"{source.files} file{'' if source.files == 1 else 's'}"
        reporter.step(f"Source: {count}{left_out}", files=source.files, ignored=source.ignored)
        write_platform_env(workspace.platform, request.variables, user.host_owner)
        compiling = _environment(root, images, user)
        buildpacks = stage_buildpacks(builder.buildpacks, places.buildpacks, compiling, ports.executor)
        mounts = _mounts(workspace, buildpacks, request)
        environment = replace(compiling, mounts=mounts, work=workspace.root, network=request.network)
        with ports.executor.open(environment) as session:
            return create(
                _inputs(request, workspace, buildpacks, builder, images, user),
                CreatePorts(
                    session=session,
                    store=ports.store,
                    run_image_store=store,
                    # Not the store's own: what is only cached has no business in an image layout.
                    blobs=BlobDirectory(workspace.blobs),
                    cache=DirectoryCache(request.cache) if request.cache else None,
                    trees=TreePool(places.trees(request.cache)) if request.cache else None,
                    reporter=reporter,
                ),
            )


def _base_images(stack: str, store: LayoutStore, reporter: Reporter) -> BaseImages:
    names = ensure_stack(load_stack(stack), store, reporter)
    build, run = store.find(names.build), store.find(names.run)
    if build is None or run is None:
        raise ImageNotFoundError(reference=names.run, place=str(store.directory))
    return BaseImages(build=build, run=run)


def _choose_buildpacks(builder: Builder, wanted: tuple[str, ...]) -> Builder:
    if not wanted:
        return builder
    by_id = {str(read_buildpack(directory).id): directory for directory in builder.buildpacks}
    chosen = []
    for name in wanted:
        directory = Path(name) if (Path(name) / "buildpack.toml").is_file() else by_id.get(name)
        if directory is None:
            raise BuildpackNotFoundError(name=name, known=tuple(by_id))
        chosen.append(directory.resolve())
    return with_buildpacks(builder, tuple(chosen))


def _build_user(config: ImageConfig) -> BuildUser:
    """Read from the build image who builds. Spec: platform.md "Build Image"."""
    environment = config.environment()
    uid, gid = int(environment["CNB_USER_ID"]), int(environment["CNB_GROUP_ID"])
    return BuildUser(inside=Owner(uid, gid), host_owner=sandbox_owner() if os.geteuid() == 0 else None)


def _mounts(workspace: Workspace, buildpacks: Path, request: BuildRequest) -> tuple[Mount, ...]:
    return (
        Mount(source=workspace.app, target=PurePosixPath(request.workspace), writable=True),
        Mount(source=workspace.layers, target=LAYERS_INSIDE, writable=True),
        Mount(source=workspace.scratch, target=SCRATCH_INSIDE, writable=True),
        Mount(source=workspace.platform, target=PLATFORM_INSIDE),
        Mount(source=buildpacks, target=BUILDPACKS_INSIDE),
    )


def _environment(root: Path, images: BaseImages, user: BuildUser) -> BuildEnvironment:
    return BuildEnvironment(
        root=root, uid=user.inside.uid, gid=user.inside.gid, env=images.build.image.config.environment()
    )


def _inputs(
    request: BuildRequest,
    workspace: Workspace,
    buildpacks: Path,
    builder: Builder,
    images: BaseImages,
    user: BuildUser,
) -> CreateInputs:
    run_config = images.run.image.config
    return CreateInputs(
        directories=Directories(
            app=Place(workspace.app, PurePosixPath(request.workspace)),
            layers=Place(workspace.layers, LAYERS_INSIDE),
            platform=Place(workspace.platform, PLATFORM_INSIDE),
            buildpacks=Place(buildpacks, BUILDPACKS_INSIDE),
            scratch=Place(workspace.scratch, SCRATCH_INSIDE),
            build_config=Place(workspace.root / "build-config", PurePosixPath("/cnb/build-config")),
        ),
        order=builder.order,
        run_image=images.run.reference.partition("@")[0],
        export=ExportInputs(
            references=request.references,
            launcher=launcher_file(run_config.architecture),
            launcher_version=LAUNCHER_VERSION,
            user=user,
            compression=request.compression,
            default_process=request.default_process,
            source_date_epoch=request.source_date_epoch,
        ),
        session_env=_session_env(images.build.image.config.environment()),
    )


def _session_env(environment: Mapping[str, str]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in environment.items()}
