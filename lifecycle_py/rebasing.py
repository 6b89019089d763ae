"""An app image on another base: which rules allow it, and the image that results. Pure.

Facts: reference/cnb.md §b.11; spec: platform.md "rebaser".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from lifecycle_py.analyzer import image_target
from lifecycle_py.oci.model import History, Image, ImageConfig
from lifecycle_py.run_images import same_image
from lifecycle_py.spec.image_labels import BASE_LABEL_PREFIX, LIFECYCLE_METADATA_LABEL, REBASABLE_LABEL, go_json
from lifecycle_py.spec.json_text import parse_json
from lifecycle_py.spec.targets import Target

STACK_LABEL_PREFIX = "io.buildpacks.stack."
_STACK_ID = f"{STACK_LABEL_PREFIX}id"
_MIXINS = f"{STACK_LABEL_PREFIX}mixins"
_OVERWRITTEN = (BASE_LABEL_PREFIX, STACK_LABEL_PREFIX)


def target_objections(app: ImageConfig, base: ImageConfig) -> Iterator[str]:
    """Give what speaks against a new base, for images of Platform API 0.12 and newer; force overrules it."""
    if app.labels.get(REBASABLE_LABEL) == "false":
        yield "the app image is not marked as rebasable: an extension changed its run image"
    old, new = image_target(app), image_target(base)
    if not _satisfies(new, old):
        yield f"the new base is for {_described(new)}, the app image for {_described(old)}"


def stack_objections(app: ImageConfig, base: ImageConfig) -> Iterator[str]:
    """Give what speaks against a new base, for images of Platform API 0.11 and older; nothing overrules it."""
    old, new = app.labels.get(_STACK_ID, ""), base.labels.get(_STACK_ID, "")
    if not old or not new:
        yield f"the {'app image' if not old else 'new base'} does not say which stack it is of ({_STACK_ID})"
    elif old != new:
        yield f"stack '{new}' is not compatible with '{old}'"
    missing = sorted(_mixins(app) - _mixins(base))
    if missing:
        yield f"the new base lacks the mixins {', '.join(missing)}"


def knows_base(metadata: Mapping[str, Any], base_name: str) -> bool:
    """Tell whether a new base is one of the names that the app image was built for."""
    return any(same_image(name, base_name) for name in known_bases(metadata))


def known_bases(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the names of run images in a lifecycle label, where older and newer lifecycles put them."""
    places = (metadata.get("runImage") or {}, (metadata.get("stack") or {}).get("runImage") or {})
    names = [name for place in places for name in (place.get("image"), *(place.get("mirrors") or ())) if name]
    return tuple(dict.fromkeys(names))


def rebase_image(app: Image, base: Image, metadata: Mapping[str, Any], base_layers: int, created: str) -> Image:
    """Put an app image on a new base.

    Args:
        app: the app image.
        base: the new run image.
        metadata: the app image's lifecycle label as it is to be in the new image.
        base_layers: how many of the app image's layers are its old base.
        created: the creation time written down, constant by default.
    """
    own = app.layers[base_layers:]
    kept = {name: value for name, value in app.config.labels.items() if not name.startswith(_OVERWRITTEN)}
    new = {name: value for name, value in base.config.labels.items() if name.startswith(_OVERWRITTEN)}
    config = dataclasses.replace(
        app.config,
        os=base.config.os,
        architecture=base.config.architecture,
        variant=base.config.variant,
        created=created,
        labels={**kept, **new, LIFECYCLE_METADATA_LABEL: go_json(metadata)},
        history=(*base.config.history, *_own_history(app.config.history, len(own))),
    )
    return dataclasses.replace(app, config=config, layers=(*base.layers, *own))


def _own_history(history: tuple[History, ...], layers: int) -> tuple[History, ...]:
    """Give the history of the topmost layers, with what stands between them."""
    start = len(history)
    while layers and start:
        start -= 1
        layers -= not history[start].empty_layer
    return history[start:]


def _satisfies(new: Target, old: Target) -> bool:
    if (new.os, new.arch) != (old.os, old.arch) or (new.variant and old.variant and new.variant != old.variant):
        return False
    if new.distro is None:
        return True
    if old.distro is None:
        return False
    pairs = ((new.distro.name, old.distro.name), (new.distro.version, old.distro.version))
    return all(not wanted or wanted == actual for wanted, actual in pairs)


def _described(target: Target) -> str:
    place = "/".join(filter(None, (target.os, target.arch, target.variant)))
    return f"{place} ({target.distro.name} {target.distro.version})" if target.distro else place


def _mixins(config: ImageConfig) -> set[str]:
    """Read the mixins an image has at run time; a label that is no list has none."""
    try:
        names = parse_json(config.labels.get(_MIXINS) or "[]")
    except ValueError:
        return set()
    return {str(name).removeprefix("run:") for name in names if not str(name).startswith("build:")}
