"""Which store and which caches a phase works with, as its flags say."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lifecycle_py.caches.cache import Cache
from lifecycle_py.cli.invocation import Invocation, check_references
from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import is_fast
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.run_images import choice_of
from lifecycle_py.spec.api_versions import PlatformFeature, supports
from lifecycle_py.spec.run_toml import Run, RunImageChoice
from lifecycle_py.spec.toml_file import read_toml_if_present


def open_store(call: Invocation, references: Iterable[str], outputs: Iterable[str]) -> ImageStore:
    """Give the store that ``-daemon``, ``-layout`` or neither names, with credentials found while they can be read.

    Args:
        call: the call.
        references: every image that will be read or written.
        outputs: those of them that will be written.

    Raises:
        InvalidArgumentError, RegistriesDifferError: a name is wrong.
        ExperimentalFeatureError: layouts are experimental, and the platform did not allow that.
    """
    arguments = call.arguments
    names = tuple(filter(None, references))
    if arguments.boolean("daemon"):
        if arguments.boolean("layout"):
            raise InvalidArgumentError(problem="give either -daemon or -layout")
        from lifecycle_py.oci.daemon_store import DaemonStore

        return _with_launch_cache(DaemonStore.from_environment(call.environ), call)
    check_references((name for name in names if not name.startswith("/")), outputs, one_registry=True)
    if arguments.boolean("layout"):
        if not arguments.text("layout-dir"):
            raise InvalidArgumentError(problem="-layout needs -layout-dir")
        call.guard_experimental("export to OCI layout format")
        from lifecycle_py.oci.layout_tree import LayoutTree

        return LayoutTree(arguments.path("layout-dir"))
    return open_registries(call, names)


def _with_launch_cache(store: ImageStore, call: Invocation) -> ImageStore:
    directory = call.arguments.text("launch-cache")
    if not directory:
        return store
    from lifecycle_py.caches.launch_cache import LaunchCachedStore

    return LaunchCachedStore(store, Path(directory).absolute(), call.reporter.warning)


def open_registries(call: Invocation, references: Iterable[str]) -> ImageStore:
    """Give the store of all registries."""
    from lifecycle_py.oci.registry.credentials import Keychain
    from lifecycle_py.oci.registry.settings import settings_from_environment
    from lifecycle_py.oci.registry_store import RegistryStore

    settings = settings_from_environment(call.environ)
    insecure = frozenset(call.arguments.list("insecure-registry"))
    store = RegistryStore(dataclasses.replace(settings, insecure=settings.insecure | insecure), Keychain(call.environ))
    store.find_credentials(references)
    return store


def open_cache(call: Invocation) -> Cache | None:
    """Give the cache that ``-cache-image`` or ``-cache-dir`` names, or none."""
    image, directory = call.arguments.text("cache-image"), call.arguments.text("cache-dir")
    if image:
        from lifecycle_py.caches.image_cache import ImageCache

        return ImageCache(open_registries(call, [image]), image)
    if directory:
        from lifecycle_py.caches.volume_cache import VolumeCache

        return VolumeCache(Path(directory).absolute())
    call.reporter.warning("No cached data will be used, no cache specified.")
    return None


@contextmanager
def new_blobs(call: Invocation) -> Iterator[BlobDirectory]:
    """Give a place for new layers that is gone afterwards, on the file system they are going to where there is one."""
    if not is_fast():
        call.reporter.warning("Layers are compressed by zlib, which is slow: ISA-L cannot be loaded by this Python")
    layout = call.arguments.text("layout-dir") if call.arguments.boolean("layout") else ""
    place = call.arguments.path("layout-dir" if layout else "layers")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".offramp-export-", dir=place) as directory:
        yield BlobDirectory(Path(directory))


def read_run_images(call: Invocation) -> Run:
    """Read run.toml, or the stack.toml of Platform APIs before 0.12; absent is empty."""
    if supports(call.api, PlatformFeature.TARGETS):
        return Run.from_toml(read_toml_if_present(call.arguments.path("run")))
    return Run.from_stack_toml(read_toml_if_present(call.arguments.path("stack")))


def exported_choice(run: Run, image: str, *, extended: bool) -> RunImageChoice:
    """Give the names by which a rebase may later ask for a newer run image.

    An image that the list does not have was named by an extension, or by the platform against its own list.
    """
    found = choice_of(run, image) if image else None
    if found:
        return found
    if extended or not run.images:
        return RunImageChoice(image=image)
    return run.images[0]
