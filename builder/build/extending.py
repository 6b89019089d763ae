"""How this platform changes images for extensions: in the sandbox, with what was done before kept on this host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from builder.build.extension_root import SandboxRoots
from builder.build.preparation import BuildPorts, Prepared
from builder.build.request import BuildRequest
from builder.caches.extended_images import KeptExtendedImages
from builder.images.find_image import find_image, with_local_blobs
from builder.stacks.root_file_system import unpack_image
from lifecycle_py.extensions import ImageExtender
from lifecycle_py.oci.model import Image
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.session import Session


def image_extender(request: BuildRequest, ports: BuildPorts, prepared: Prepared) -> ImageExtender:
    """Give what it takes to apply extensions; nothing is done until the group of a build has some."""
    places = ports.places

    @contextmanager
    def open_session(build_image: Image) -> Iterator[Session]:
        ports.reporter.progress("Unpacking the extended build image")
        root = unpack_image(build_image, places.roots)
        variables = build_image.config.environment()
        with ports.executor.open(replace(prepared.environment, root=root, env=variables)) as session:
            yield session

    def find_run_image(name: str) -> FoundImage | None:
        found = prepared.images.store.find(name)
        return found or with_local_blobs(find_image(name, places), places)

    return ImageExtender(
        build_image=prepared.images.build.image,
        roots=SandboxRoots(work=places.work, network=request.network),
        # Without a cache every Dockerfile is applied anew, and nothing of it is kept.
        cache=KeptExtendedImages(places.extended) if request.cache else None,
        find_run_image=find_run_image,
        open_session=open_session,
    )
