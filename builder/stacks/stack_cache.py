"""Base images made on first use: kept in the local store under a name that says what they were made from."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.stacks.make_stack import BaseImage, BaseKind, RunStatus, dpkg_status, make_base_image
from builder.stacks.mmdebstrap import apt_sources, host_architecture
from builder.stacks.stack_toml import Stack
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.model import Image
from lifecycle_py.output import Reporter

# Raised whenever the same declaration would be made into other bytes.
_GENERATOR_VERSION: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class StackImages:
    """The references of a stack's images in the local store."""

    build: str
    run: str


def stack_images(stack: Stack, architecture: str | None = None) -> StackImages:
    """Name a stack's images; another declaration, architecture, source or generator gives other names."""
    architecture = architecture or host_architecture()
    facts = repr((_GENERATOR_VERSION, stack, architecture, apt_sources(stack, os.environ)))
    tag = f"{architecture}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"
    prefix = f"offramp/{stack.short_name}"
    return StackImages(build=f"{prefix}-build:{tag}", run=f"{prefix}-run:{tag}")


def ensure_stack(stack: Stack, store: LayoutStore, reporter: Reporter) -> StackImages:
    """Give a stack's images, making them when the store does not have them yet.

    Two builds that need them at once make them once. A process killed in between leaves the store as it was.

    Raises:
        StackToolsError: this host lacks what it takes.
        MakeBaseImageError: the packages could not be installed.
    """
    images = stack_images(stack)
    if _is_complete(images, store):
        return images
    with _alone(store.directory, images, reporter):
        if not _is_complete(images, store):
            make_stack(stack, store, reporter)
    return images


def make_stack(stack: Stack, store: LayoutStore, reporter: Reporter) -> StackImages:
    """Make both images from today's packages, side by side, and save them once both are there."""
    images = stack_images(stack)
    reporter.header(f"Base images '{stack.short_name}'")
    reporter.step("Making them from Debian packages, once; later builds use them from the local store")
    build = BaseImage(stack=stack, kind=BaseKind.BUILD, architecture=host_architecture())
    run = BaseImage(stack=stack, kind=BaseKind.RUN, architecture=host_architecture())
    making = _Making(store, reporter)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="stack") as pool:
        # The build image takes four times as long: when it asks for what the run image has, that is there.
        made_run = pool.submit(making.make, run, images.run)
        made_build = pool.submit(making.make, build, images.build, lambda: dpkg_status(made_run.result()))
        futures = [made_run, made_build]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            making.cancel_unless(all(future.done() and future.exception() is None for future in futures))
    for future in futures:
        future.result()
    return images


class _Cancelled(Exception):  # noqa: N818  never leaves this file
    """The other image failed, or the person lost patience."""


class _Making:
    """Two images being made: their progress, and a way to stop both."""

    def __init__(self, store: LayoutStore, reporter: Reporter) -> None:
        self._store = store
        self._reporter = reporter
        self._cancelled = threading.Event()

    def make(self, base: BaseImage, name: str, run_status: RunStatus | None = None) -> Image:
        begin = time.monotonic()
        image = make_base_image(base, self._store.blobs, lambda text: self._tell(base, text), run_status)
        saved = self._store.save(image, [name])
        size = sum(layer.blob.size for layer in image.layers)
        self._reporter.step(
            f"Made the {base.kind} image, {size / 1e6:.0f} MB compressed",
            seconds=round(time.monotonic() - begin, 3),
            image=name,
            digest=saved.digest,
            size=size,
        )
        return image

    def cancel_unless(self, finished: bool) -> None:  # noqa: FBT001
        if not finished:
            self._cancelled.set()

    def _tell(self, base: BaseImage, text: str) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        self._reporter.progress(f"Making the {base.kind} image: {text}")


def _is_complete(images: StackImages, store: LayoutStore) -> bool:
    found = [store.find(name) for name in (images.build, images.run)]
    return all(
        image is not None and all(store.blobs.has(layer.blob.digest, layer.blob.size) for layer in image.image.layers)
        for image in found
    )


@contextlib.contextmanager
def _alone(directory: Path, images: StackImages, reporter: Reporter) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    key = images.build.rpartition("-")[2]
    with (directory / f".making-{key}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reporter.progress("Waiting for another build that makes the base images")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
