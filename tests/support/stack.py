"""The default stack for tests that need a real system: made once, then taken from the default places."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from builder.places import default_places
from builder.stacks.root_file_system import unpack_image
from builder.stacks.stack_cache import ensure_stack
from builder.stacks.stack_toml import read_stack
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.output import SilentReporter


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOnDisk:
    """Both images and their unpacked roots. Tests only read them."""

    build: FoundImage
    run: FoundImage
    build_root: Path
    run_root: Path


@functools.cache
def debian_13() -> StackOnDisk:
    """Give the default stack; the first call on a machine takes about a minute."""
    places = default_places()
    store = LayoutStore(places.images)
    names = ensure_stack(read_stack(), store, SilentReporter())
    build, run = store.find(names.build), store.find(names.run)
    assert build is not None
    assert run is not None
    return StackOnDisk(
        build=build,
        run=run,
        build_root=unpack_image(build.image, places.roots),
        run_root=unpack_image(run.image, places.roots),
    )
