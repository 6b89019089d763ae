"""A build from the platform's side: prepare directories and a root file system, then call the lifecycle."""

from __future__ import annotations

import os

from builder.build.extending import image_extender
from builder.build.preparation import BuildPorts, Prepared, prepare
from builder.build.request import BuildRequest
from builder.caches.in_use import in_use
from builder.caches.prune import cache_limit, prune_now_and_then
from builder.supply_chain.attest import attach_attestations
from lifecycle_py.analyzer import image_target
from lifecycle_py.caches.directory_cache import DirectoryCache
from lifecycle_py.caches.tree_pool import TreePool
from lifecycle_py.creator import CreateInputs, CreatePorts, create
from lifecycle_py.detection import Detection
from lifecycle_py.detector import DetectRules, explore
from lifecycle_py.environment import inherited
from lifecycle_py.exporter import Exported, ExportInputs
from lifecycle_py.inputs import BuildTarget
from lifecycle_py.launcher import LAUNCHER_VERSION, launcher_file
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.run_buildpack import open_runner


def build_app(request: BuildRequest, ports: BuildPorts) -> Exported:
    """Build an app into an image.

    Raises:
        ExplainedError: something failed; no image was written, and the cache is as it was.
    """
    limit = cache_limit(os.environ)
    exported = _build(request, ports)
    prune_now_and_then(ports.places, limit)
    return exported


def _build(request: BuildRequest, ports: BuildPorts) -> Exported:
    with in_use(ports.places.cache), prepare(request, ports) as prepared:
        exported = create(
            _inputs(request, prepared),
            CreatePorts(
                session=prepared.session,
                store=ports.store,
                run_image_store=prepared.images.store,
                # Not the store's own: what is only cached has no business in an image layout.
                blobs=BlobDirectory(prepared.workspace.blobs),
                cache=ports.shared_cache or (DirectoryCache(request.cache) if request.cache else None),
                trees=TreePool(ports.places.trees(request.cache)) if request.cache else None,
                reporter=ports.reporter,
                extender=image_extender(request, ports, prepared),
            ),
        )
        if ports.referrers is not None:
            bases = {"build image": prepared.images.build.reference, "run image": prepared.images.run.reference}
            with ports.reporter.timed_step("Attaching bills of materials", "Attached SBOMs and provenance"):
                attach_attestations(exported, request, bases, ports.referrers)
        return exported


def explore_app(request: BuildRequest, ports: BuildPorts) -> Detection:
    """Find out which buildpacks want an app, and build nothing.

    Raises:
        ExplainedError: nobody could be asked. That nobody wants the app is a result.
    """
    with in_use(ports.places.cache), prepare(request, ports) as prepared:
        target = BuildTarget(target=image_target(prepared.images.run.image.config))
        runner = open_runner(prepared.session, prepared.directories, target, inherited(prepared.session_env))
        ports.reporter.progress("Asking the buildpacks")
        return explore(prepared.builder.order, runner, DetectRules())


def _inputs(request: BuildRequest, prepared: Prepared) -> CreateInputs:
    run_image = prepared.images.run
    return CreateInputs(
        directories=prepared.directories,
        order=prepared.builder.order,
        run_image=run_image.reference.partition("@")[0],
        export=ExportInputs(
            references=request.references,
            launcher=launcher_file(run_image.image.config.architecture),
            launcher_version=LAUNCHER_VERSION,
            user=prepared.user,
            compression=request.compression,
            default_process=request.default_process,
            source_date_epoch=request.source_date_epoch,
        ),
        session_env=prepared.session_env,
    )
