"""What a build needs before its first phase: base images, an unpacked root, the app's copy, buildpacks, a session.

Read ``prepare`` top to bottom; each step is a module of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from builder.build.app_source import check_app, copy_app
from builder.build.executor import BuildEnvironment, Executor, Mount
from builder.build.request import BuildRequest
from builder.build.sandbox_owner import sandbox_owner
from builder.build.staging import EXTENSIONS_INSIDE, stage_buildpacks, stage_extensions
from builder.build.staging import INSIDE as BUILDPACKS_INSIDE
from builder.build.variables import write_platform_env
from builder.build.workspace import Workspace, open_workspace
from builder.choice.find import apply_choice
from builder.choice.project_toml import read_project
from builder.choice.read_choice import read_choice
from builder.images.builder_toml import Builder, read_builder
from builder.places import Places
from builder.stacks.root_file_system import unpack_image
from builder.stacks.stack_cache import ensure_stack
from builder.stacks.stack_toml import load_stack
from builder.supply_chain.source import source_version
from lifecycle_py.caches.cache import Cache
from lifecycle_py.inputs import BuildUser, Directories
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.oci.referrers import ReferrerStore
from lifecycle_py.oci.store import FoundImage, ImageStore
from lifecycle_py.output import Reporter
from lifecycle_py.session import Place, Session

LAYERS_INSIDE = PurePosixPath("/layers")
PLATFORM_INSIDE = PurePosixPath("/platform")
SCRATCH_INSIDE = PurePosixPath("/tmp")  # noqa: S108 - inside of the sandbox


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPorts:
    """What a build works with.

    ``store`` is where the image goes; ``shared_cache`` stands in the place of the request's own on this host.
    ``referrers`` is the store again, where attestations are to be attached.
    """

    places: Places
    store: ImageStore
    executor: Executor
    reporter: Reporter
    shared_cache: Cache | None = None
    referrers: ReferrerStore | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseImages:
    """The images a build stands on, and the store that has them."""

    build: FoundImage
    run: FoundImage
    store: ImageStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A build that can begin: a session open over ``environment``, and what the phases are given."""

    builder: Builder
    images: BaseImages
    user: BuildUser
    workspace: Workspace
    directories: Directories
    session: Session
    environment: BuildEnvironment

    @property
    def session_env(self) -> dict[str, bytes]:
        """Give the environment of the build image."""
        return {name: value.encode() for name, value in self.images.build.image.config.environment().items()}


@contextmanager
def prepare(request: BuildRequest, ports: BuildPorts) -> Iterator[Prepared]:
    """Prepare a build; everything temporary is gone when the block ends.

    Raises:
        ExplainedError: the app, the builder or this host does not allow it.
    """
    places, reporter = ports.places, ports.reporter
    check_app(request.app)
    project = read_project(request.app)
    choice = read_choice(request.app, request.buildpacks, project)

    reporter.header("Preparing", phase="preparing")
    builder = apply_choice(choice, read_builder(request.builder), places.buildpacks, reporter)
    reporter.step(str(choice), rule=choice.rule)
    images = _base_images(builder.stack, LayoutStore(places.images), reporter)
    user = _build_user(images.build.image.config)
    reporter.progress("Unpacking the build image")
    root = unpack_image(images.build.image, places.roots)

    with open_workspace(places.work, user.host_owner) as workspace:
        source = copy_app(request.app, workspace.app, user.host_owner, include=project.include, exclude=project.exclude)
        left_out = ", files git ignores left out" if source.known_to_git else ""
        count = f"{source.files} file{'' if source.files == 1 else 's'}"
        reporter.step(f"Source: {count}{left_out}", files=source.files, ignored=source.ignored)
        variables = {**source_version(request.app), **project.env, **request.variables}
        write_platform_env(workspace.platform, variables, user.host_owner)
        compiling = _environment(root, images, user)
        buildpacks = stage_buildpacks(builder.buildpacks, places.buildpacks, compiling, ports.executor)
        extensions = stage_extensions(builder.extensions, places.buildpacks) if builder.extensions else None
        mounts = _mounts(workspace, buildpacks, extensions, request)
        environment = replace(compiling, mounts=mounts, work=workspace.root, network=request.network)
        with ports.executor.open(environment) as session:
            yield Prepared(
                builder=builder,
                images=images,
                user=user,
                workspace=workspace,
                directories=_directories(request, workspace, buildpacks, extensions),
                environment=environment,
                session=session,
            )


def _base_images(stack: str, store: LayoutStore, reporter: Reporter) -> BaseImages:
    names = ensure_stack(load_stack(stack), store, reporter)
    build, run = store.find(names.build), store.find(names.run)
    if build is None or run is None:
        raise ImageNotFoundError(reference=names.run, place=str(store.directory))
    return BaseImages(build=build, run=run, store=store)


def _build_user(config: ImageConfig) -> BuildUser:
    """Read from the build image who builds. Spec: platform.md "Build Image"."""
    environment = config.environment()
    uid, gid = int(environment["CNB_USER_ID"]), int(environment["CNB_GROUP_ID"])
    return BuildUser(inside=Owner(uid, gid), host_owner=sandbox_owner() if os.geteuid() == 0 else None)


def _mounts(
    workspace: Workspace, buildpacks: Path, extensions: Path | None, request: BuildRequest
) -> tuple[Mount, ...]:
    return (
        Mount(source=workspace.app, target=PurePosixPath(request.workspace), writable=True),
        Mount(source=workspace.layers, target=LAYERS_INSIDE, writable=True),
        Mount(source=workspace.scratch, target=SCRATCH_INSIDE, writable=True),
        Mount(source=workspace.platform, target=PLATFORM_INSIDE),
        Mount(source=buildpacks, target=BUILDPACKS_INSIDE),
        *((Mount(source=extensions, target=EXTENSIONS_INSIDE),) if extensions else ()),
    )


def _environment(root: Path, images: BaseImages, user: BuildUser) -> BuildEnvironment:
    return BuildEnvironment(
        root=root, uid=user.inside.uid, gid=user.inside.gid, env=images.build.image.config.environment()
    )


def _directories(request: BuildRequest, workspace: Workspace, buildpacks: Path, extensions: Path | None) -> Directories:
    return Directories(
        app=Place(workspace.app, PurePosixPath(request.workspace)),
        layers=Place(workspace.layers, LAYERS_INSIDE),
        platform=Place(workspace.platform, PLATFORM_INSIDE),
        buildpacks=Place(buildpacks, BUILDPACKS_INSIDE),
        extensions=Place(extensions or workspace.root / "extensions", EXTENSIONS_INSIDE),
        scratch=Place(workspace.scratch, SCRATCH_INSIDE),
        build_config=Place(workspace.root / "build-config", PurePosixPath("/cnb/build-config")),
    )
