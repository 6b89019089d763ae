"""Orders, expanded: the operator's buildpacks and the extensions put in, composites replaced by what they stand for.

Depth first, and pure: descriptors come from a catalog. Facts: reference/cnb.md §b.5 items 1 and 2; spec: buildpack.md
"Order Resolution", platform.md "detector" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lifecycle_py.catalog import Catalog
from lifecycle_py.errors import OrderCycleError
from lifecycle_py.spec.api_versions import BuildpackFeature, supports
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.exec_env import applies_in
from lifecycle_py.spec.order_toml import Order, OrderElement, OrderGroup
from lifecycle_py.spec.system_toml import System


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A component buildpack or an extension in one group of the expanded order.

    ``only_for`` holds the execution environments it is for when the present one is not among them: it stands in the
    group for explanations only.
    """

    buildpack: Buildpack
    optional: bool = False
    only_for: tuple[str, ...] = ()


Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expansion:
    """How orders are expanded: the descriptors there are, and the execution environment, None where none counts."""

    catalog: Catalog
    exec_env: str | None = None


def with_system(order: Order, system: System) -> Order:
    """Put the operator's buildpacks before and after every group; one that the group has already stays where it is."""
    return replace(order, groups=tuple(_with_system(group, system) for group in order.groups))


def expand(order: Order, expansion: Expansion) -> Iterator[Candidates]:
    """Give the groups of components an order stands for, best first, without duplicates in a group.

    Extensions come first in each, and are optional.

    Raises:
        BuildpackMissingError: an element is not in the catalog.
        OrderCycleError: composite buildpacks contain each other.
    """
    for group in order.groups:
        for head in _extensions(order, expansion):
            for tail in _expand_group(group, expansion, ()):
                yield _without_duplicates(head + tail)


def _with_system(group: OrderGroup, system: System) -> OrderGroup:
    present = {element.id for element in group}
    pre = tuple(element for element in system.pre if element.id not in present)
    present |= {element.id for element in pre}
    post = tuple(element for element in system.post if element.id not in present)
    return (*pre, *group, *post)


def _extensions(order: Order, expansion: Expansion) -> Iterator[Candidates]:
    """Give each group of extensions, and at last none."""
    for group in order.extensions:
        yield tuple(
            _candidate(replace(element, optional=True), expansion.catalog.find_extension(element), expansion.exec_env)
            for element in group
        )
    yield ()


def _expand_group(group: OrderGroup, expansion: Expansion, chain: tuple[str, ...]) -> Iterator[Candidates]:
    """Expand the first element in every way it can be, each followed by every way of the rest."""
    if not group:
        yield ()
        return
    first, *rest = group
    buildpack = expansion.catalog.find(first)
    candidate = _candidate(first, buildpack, expansion.exec_env)
    if buildpack.order is None or candidate.only_for:
        heads: Iterator[Candidates] = iter([(candidate,)])
    else:
        heads = _expand_composite(first, buildpack, expansion, chain)
    for head in heads:
        for tail in _expand_group(tuple(rest), expansion, chain):
            yield head + tail


def _expand_composite(
    element: OrderElement, buildpack: Buildpack, expansion: Expansion, chain: tuple[str, ...]
) -> Iterator[Candidates]:
    name = str(buildpack)
    if name in chain:
        raise OrderCycleError(chain=(*chain[chain.index(name) :], name))
    for group in buildpack.order.groups if buildpack.order else ():
        yield from _expand_group(group, expansion, (*chain, name))
    if element.optional:
        yield ()


def _candidate(element: OrderElement, buildpack: Buildpack, exec_env: str | None) -> Candidate:
    # The order speaks for its element, the descriptor for the buildpack; either alone keeps it out.
    declared = [element.exec_env]
    if supports(buildpack.api, BuildpackFeature.EXECUTION_ENVIRONMENTS):
        declared.append(buildpack.exec_env)
    refusing = [one for one in declared if exec_env is not None and not applies_in(one, exec_env)]
    return Candidate(buildpack=buildpack, optional=element.optional, only_for=refusing[0] if refusing else ())


def _without_duplicates(candidates: Candidates) -> Candidates:
    kept: dict[tuple[bool, str], Candidate] = {}
    for candidate in candidates:
        key = candidate.buildpack.extension, str(candidate.buildpack.id)
        if key not in kept or (kept[key].only_for and not candidate.only_for):
            # One that is not for this environment does not keep out another version that is.
            kept.pop(key, None)
            kept[key] = candidate
    return tuple(kept.values())
