"""The layer that is a classic buildpack's CACHE_DIR: kept from build to build, and seen by nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildpacks.heroku_classic.classic import stack
from buildpacks.sdk import BuildContext, LayerTypes, shown

_TYPES = LayerTypes(cache=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheKey:
    """What decides whether a cache can be given to ``bin/compile``; all else it decides itself, as on Heroku."""

    stack: str = shown("stack")
    target: str = shown("target")


def open_cache(context: BuildContext) -> Path:
    """Give CACHE_DIR."""
    key = CacheKey(stack=stack(context), target=f"{context.target.os}/{context.target.arch}")
    layer = context.layer("cache", key, types=_TYPES)
    context.output.state("files of the buildpack", layer.state)
    return layer.path
