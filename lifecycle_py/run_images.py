"""Which run image: the one on the registry the app image goes to, else the first that can be read. Pure but for asking.

Spec: platform.md "Run Image Resolution"; facts: reference/cnb.md §b.4 (analyzer).
"""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_py.errors import RunImageUnreadableError
from lifecycle_py.oci.errors import RegistryReferenceError
from lifecycle_py.oci.registry.reference import parse_reference
from lifecycle_py.spec.run_toml import Run, RunImageChoice


def choose_run_image(choice: RunImageChoice, output: str, is_readable: Callable[[str], bool]) -> str:
    """Choose among a run image and its mirrors.

    Args:
        choice: the names there are.
        output: where the app image goes.
        is_readable: asks a store for an image of that name.

    Raises:
        RunImageUnreadableError: none of them can be read.
    """
    home = _host(output)
    near_first = sorted(choice.names, key=lambda name: _host(name) != home)
    for name in near_first:
        if is_readable(name):
            return name
    raise RunImageUnreadableError(images=choice.names)


def choice_of(run: Run, image: str) -> RunImageChoice | None:
    """Find the entry that has an image under one of its names; tags matter, digests do not."""
    wanted = _without_digest(image)
    return next((one for one in run.images if wanted in {_without_digest(name) for name in one.names}), None)


def same_image(name: str, other: str) -> bool:
    """Tell whether two names mean the same image, spelled out and without digests."""
    return _without_digest(name) == _without_digest(other)


def _without_digest(name: str) -> str:
    plain = name.partition("@")[0]
    try:
        return str(parse_reference(plain))
    except RegistryReferenceError:
        return plain


def _host(name: str) -> str:
    try:
        return parse_reference(name).host
    except RegistryReferenceError:
        return ""
