"""Orders, expanded: composite buildpacks replaced by what they stand for, depth first. Pure.

Facts: reference/cnb.md §b.5 item 1 and 2; spec: buildpack.md "Order Resolution" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lifecycle_py.errors import BuildpackMissingError, OrderCycleError
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.order_toml import Order, OrderElement


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A component buildpack in one group of the expanded order."""

    buildpack: Buildpack
    optional: bool = False


Candidates = tuple[Candidate, ...]


class Catalog:
    """The buildpacks there are, by id and version."""

    def __init__(self, buildpacks: Mapping[tuple[str, str], Buildpack]) -> None:
        """Take descriptors by (id, version)."""
        self._buildpacks = buildpacks

    def find(self, element: OrderElement) -> Buildpack:
        """Find the buildpack an order names; without a version, the only one of that id.

        Raises:
            BuildpackMissingError: there is none, or several and no version says which.
        """
        matching = [
            buildpack
            for (buildpack_id, version), buildpack in sorted(self._buildpacks.items())
            if buildpack_id == element.id and element.version in {"", version}
        ]
        if len(matching) != 1:
            known = tuple(f"{buildpack_id}@{version}" for buildpack_id, version in sorted(self._buildpacks))
            raise BuildpackMissingError(buildpack=str(element), known=known)
        return matching[0]


def expand(order: Order, catalog: Catalog) -> Iterator[Candidates]:
    """Give the groups of component buildpacks an order stands for, best first, without duplicates in a group.

    Raises:
        BuildpackMissingError: an element is not in the catalog.
        OrderCycleError: composite buildpacks contain each other.
    """
    for group in order.groups:
        for candidates in _expand_group(group, catalog, ()):
            yield _without_duplicates(candidates)


def _expand_group(group: tuple[OrderElement, ...], catalog: Catalog, chain: tuple[str, ...]) -> Iterator[Candidates]:
    """Expand the first element in every way it can be, each followed by every way of the rest."""
    if not group:
        yield ()
        return
    first, *rest = group
    buildpack = catalog.find(first)
    if buildpack.order is None:
        heads: Iterator[Candidates] = iter([(Candidate(buildpack=buildpack, optional=first.optional),)])
    else:
        heads = _expand_composite(first, buildpack, catalog, chain)
    for head in heads:
        for tail in _expand_group(tuple(rest), catalog, chain):
            yield head + tail


def _expand_composite(
    element: OrderElement, buildpack: Buildpack, catalog: Catalog, chain: tuple[str, ...]
) -> Iterator[Candidates]:
    name = str(buildpack)
    if name in chain:
        raise OrderCycleError(chain=(*chain[chain.index(name) :], name))
    for group in buildpack.order.groups if buildpack.order else ():
        yield from _expand_group(group, catalog, (*chain, name))
    if element.optional:
        yield ()


def _without_duplicates(candidates: Candidates) -> Candidates:
    first_of = {candidate.buildpack.id: candidate for candidate in reversed(candidates)}
    return tuple(candidate for candidate in candidates if first_of[candidate.buildpack.id] is candidate)
