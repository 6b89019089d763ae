"""Orders: composite buildpacks replaced by what they stand for."""

from __future__ import annotations

import pytest

from lifecycle_py.errors import BuildpackMissingError, OrderCycleError
from lifecycle_py.order import Catalog, expand
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.order_toml import Order, OrderElement


def _order(*groups: str) -> Order:
    """Make an order: a string per group, ``name``, ``name@version`` or ``name?``."""
    return Order(groups=tuple(tuple(_element(word) for word in group.split()) for group in groups))


def _element(word: str) -> OrderElement:
    name, _, version = word.removesuffix("?").partition("@")
    return OrderElement(id=BuildpackId(name), version=version, optional=word.endswith("?"))


def _catalog(**composites: tuple[str, ...]) -> Catalog:
    """Make a catalog of components a to e and of these composites, all of version 1."""
    orders: dict[str, Order | None] = {**dict.fromkeys("abcde"), **{k: _order(*v) for k, v in composites.items()}}
    return Catalog(
        {
            (name, "1"): Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version="1", order=order)
            for name, order in orders.items()
        }
    )


def _expanded(order: Order, catalog: Catalog) -> list[str]:
    return [
        " ".join(f"{one.buildpack.id}{'?' if one.optional else ''}" for one in candidates)
        for candidates in expand(order, catalog)
    ]


def test_expand_gives_plain_groups_as_they_are() -> None:
    """Groups of components stay, in order, with what is optional."""
    assert ["a b?", "c"] == _expanded(_order("a b?", "c"), _catalog())


@pytest.mark.requirement("buildpack.order-resolution.expanded")
def test_expand_replaces_a_composite_in_place() -> None:
    """What follows a composite follows each of its groups."""
    assert ["a c e", "a d e"] == _expanded(_order("a x e"), _catalog(x=("c", "d")))


@pytest.mark.requirement("buildpack.order-resolution.expanded")
def test_expand_goes_depth_first() -> None:
    """Nested composites give all ways, the innermost changing last."""
    catalog = _catalog(x=("a y", "b"), y=("c", "d"))

    assert ["a c e", "a d e", "b e", "e"] == _expanded(_order("x e", "e"), catalog)


@pytest.mark.requirement("buildpack.order-resolution.expanded")
def test_expand_combines_two_composites() -> None:
    """Every way of the first with every way of the second."""
    assert ["a c", "a d", "b c", "b d"] == _expanded(_order("x y"), _catalog(x=("a", "b"), y=("c", "d")))


@pytest.mark.requirement("buildpack.order-resolution.optional-variants")
def test_expand_lets_an_optional_composite_be_absent_last() -> None:
    """After all of its groups it stands for nothing."""
    assert ["a e", "b e", "e"] == _expanded(_order("x? e"), _catalog(x=("a", "b")))


def test_expand_keeps_the_first_of_duplicates() -> None:
    """A buildpack takes part once in a group, where it stood first."""
    assert ["a b c", "a? b"] == _expanded(_order("a x c", "a? b a"), _catalog(x=("b a",)))


def test_expand_allows_a_composite_twice() -> None:
    """Used twice is no circle."""
    assert ["a b"] == _expanded(_order("x b x"), _catalog(x=("a",)))


@pytest.mark.requirement("deviation.order-cycle")
@pytest.mark.parametrize(
    ("composites", "chain"),
    [
        ({"x": ("x",)}, ("x@1", "x@1")),
        ({"x": ("a y",), "y": ("b", "z"), "z": ("y",)}, ("y@1", "z@1", "y@1")),
    ],
)
def test_expand_refuses_a_circle(composites: dict[str, tuple[str, ...]], chain: tuple[str, ...]) -> None:
    """Composites that contain each other are shown as the circle they are; the reference never ends."""
    with pytest.raises(OrderCycleError) as error:
        _expanded(_order("x"), _catalog(**composites))

    assert (chain, 22) == (error.value.chain, error.value.exit_code)


def test_expand_is_lazy() -> None:
    """A later group that is wrong does not matter when an earlier one passes."""
    groups = expand(_order("a", "missing"), _catalog())

    assert "a" == next(groups)[0].buildpack.id
    with pytest.raises(BuildpackMissingError):
        next(groups)


@pytest.mark.parametrize("word", ["missing", "a@2", "f"])
def test_find_refuses_what_is_not_there(word: str) -> None:
    """The error lists what there is."""
    with pytest.raises(BuildpackMissingError) as error:
        _expanded(_order(word), _catalog())

    assert ("a@1", 22) == (error.value.known[0], error.value.exit_code)


@pytest.mark.requirement("platform.order-toml.keys")
def test_find_without_a_version_needs_exactly_one() -> None:
    """Which of two versions is meant has to be said."""
    two = {
        (name, version): Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version=version)
        for name, version in (("a", "1"), ("a", "2"), ("b", "1"))
    }
    catalog = Catalog(two)

    assert ["b"] == _expanded(_order("b"), catalog)
    assert ["a"] == _expanded(_order("a@2"), catalog)
    with pytest.raises(BuildpackMissingError):
        _expanded(_order("a"), catalog)
