"""The layer with what apt fetched: lists of the repositories and package files. Only later builds of the app see it."""

from __future__ import annotations

from dataclasses import dataclass

from buildpacks.apt.sources import Sources
from buildpacks.sdk import BuildContext, Layer, LayerTypes, changed, shown

_TYPES = LayerTypes(cache=True)
_NAME = "fetched"


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedKey:
    """What fetched files depend on: apt itself brings lists up to date."""

    target: str = shown("target")
    sources: str = changed("the list of repositories")


def open_fetched(context: BuildContext, target: str, sources: Sources) -> Layer:
    """Open the layer for a build that fetches something."""
    return context.layer(_NAME, FetchedKey(target=target, sources=sources.digest), types=_TYPES)


def keep_fetched(context: BuildContext, target: str, sources: Sources) -> None:
    """Keep the layer in a build that needs nothing of it."""
    context.keep_layer(_NAME, FetchedKey(target=target, sources=sources.digest), types=_TYPES)
