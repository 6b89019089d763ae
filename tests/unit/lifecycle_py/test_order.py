"""Orders: composite buildpacks replaced by what they stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_py.catalog import Catalog, catalog_of, open_catalog
from lifecycle_py.errors import BuildpackMissingError, OrderCycleError
from lifecycle_py.inputs import Directories
from lifecycle_py.order import Expansion, expand, with_system
from lifecycle_py.session import Place
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.errors import TomlSyntaxError
from lifecycle_py.spec.identifiers import BuildpackId
from lifecycle_py.spec.order_toml import Order, OrderElement
from lifecycle_py.spec.system_toml import System
from tests.support.trees import write_tree


def _order(*groups: str) -> Order:
    """Make an order: a string per group, ``name``, ``name@version`` or ``name?``."""
    return Order(groups=tuple(tuple(_element(word) for word in group.split()) for group in groups))


def _element(word: str) -> OrderElement:
    name, _, version = word.removesuffix("?").partition("@")
    return OrderElement(id=BuildpackId(name), version=version, optional=word.endswith("?"))


def _catalog(**composites: tuple[str, ...]) -> Catalog:
    """Make a catalog of components a to e and of these composites, all of version 1."""
    orders: dict[str, Order | None] = {**dict.fromkeys("abcde"), **{k: _order(*v) for k, v in composites.items()}}
    return catalog_of(
        Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version="1", order=order)
        for name, order in orders.items()
    )


def _expanded(order: Order, catalog: Catalog) -> list[str]:
    return [
        " ".join(f"{one.buildpack.id}{'?' if one.optional else ''}" for one in candidates)
        for candidates in expand(order, Expansion(catalog=catalog))
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


def test_with_system_puts_the_operators_buildpacks_around_every_group() -> None:
    """Whoever is in the group already stays where it is; what is before is not repeated after."""
    system = System(pre=_order("d? a").groups[0], post=_order("e d").groups[0])

    order = with_system(_order("a b", "e"), system)

    assert ["d? a b e", "d? a e"] == _expanded(order, _catalog())


def _for_test_only(name: str, minor: int = 12) -> Buildpack:
    return Buildpack(api=ApiVersion(0, minor), id=BuildpackId(name), version="1", exec_env=("test",))


def _skipped(order: Order, *buildpacks: Buildpack, exec_env: str | None) -> list[str]:
    expansion = Expansion(catalog=catalog_of(buildpacks), exec_env=exec_env)
    return [
        " ".join(f"{one.buildpack.id}{'!' if one.only_for else ''}" for one in candidates)
        for candidates in expand(order, expansion)
    ]


def test_expand_marks_what_is_for_other_execution_environments() -> None:
    """A descriptor's exec-env counts from Buildpack API 0.12, an order's always, none and ``*`` mean any."""
    buildpacks = (
        _for_test_only("a"),
        _for_test_only("old", 11),
        Buildpack(api=ApiVersion(0, 12), id=BuildpackId("any"), version="1", exec_env=("*",)),
        Buildpack(api=ApiVersion(0, 12), id=BuildpackId("free"), version="1"),
    )
    for_test = OrderElement(id=BuildpackId("free"), exec_env=("test", "development"))
    order = Order(groups=(*_order("a old any free").groups, (*_order("a").groups[0], for_test)))

    assert ["a! old any free", "a! free!"] == _skipped(order, *buildpacks, exec_env="production")
    assert ["a old any free", "a free"] == _skipped(order, *buildpacks, exec_env="test")
    assert ["a old any free", "a free"] == _skipped(order, *buildpacks, exec_env=None)


def test_expand_does_not_look_into_a_composite_for_another_environment() -> None:
    """It stands for nothing here, whatever it is made of."""
    composite = replace(_for_test_only("x"), order=_order("a", "b"))

    assert ["x! c"] == _skipped(_order("x c"), composite, _a("c"), exec_env="production")


@pytest.mark.requirement("buildpack.order-resolution.extensions-first")
def test_expand_puts_extensions_first_and_then_tries_without() -> None:
    """Each group of extensions goes before each group of buildpacks; all extensions are optional."""
    extensions = [replace(_a(name), extension=True) for name in ("a", "f", "g")]
    order = replace(_order("a x", "e"), extensions=_order("a f", "g").groups)
    catalog = catalog_of([*extensions, _a("a"), _a("e"), replace(_a("x"), order=_order("a", "e"))])

    groups = [
        " ".join(
            f"{'+' if one.buildpack.extension else ''}{one.buildpack.id}{'?' if one.optional else ''}" for one in group
        )
        for group in expand(order, Expansion(catalog=catalog))
    ]

    assert [
        *("+a? +f? a", "+a? +f? a e", "+g? a", "+g? a e", "a", "a e"),
        *("+a? +f? e", "+g? e", "e"),
    ] == groups


def _a(name: str) -> Buildpack:
    return Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version="1")


def test_catalog_reads_only_what_an_order_names(tmp_path: Path) -> None:
    """A broken buildpack beside ours is nobody's business until an order names it; then the error lists all."""
    write_tree(
        tmp_path,
        {
            "bp/ours_a/1/buildpack.toml": 'api = "0.12"\n[buildpack]\nid = "ours/a"\nversion = "1"\n',
            "bp/their_b/2/buildpack.toml": "not TOML",
            "ext/ours_a/1/extension.toml": 'api = "0.12"\n[extension]\nid = "ours/a"\nversion = "1"\n',
        },
    )
    here = Place.here(tmp_path)
    catalog = open_catalog(
        Directories(
            app=here,
            layers=here,
            platform=here,
            scratch=here,
            build_config=here,
            buildpacks=here / "bp",
            extensions=here / "ext",
        )
    )

    assert (False, True) == (
        catalog.find(_element("ours/a")).extension,
        catalog.find_extension(_element("ours/a@1")).extension,
    )
    with pytest.raises(BuildpackMissingError) as error:
        catalog.find(_element("missing"))
    assert ("ours/a@1", "their_b@2") == error.value.known
    with pytest.raises(TomlSyntaxError):
        catalog.find(_element("their/b"))


def test_expand_is_lazy() -> None:
    """A later group that is wrong does not matter when an earlier one passes."""
    groups = expand(_order("a", "missing"), Expansion(catalog=_catalog()))

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
    catalog = catalog_of(
        Buildpack(api=ApiVersion(0, 12), id=BuildpackId(name), version=version)
        for name, version in (("a", "1"), ("a", "2"), ("b", "1"))
    )

    assert ["b"] == _expanded(_order("b"), catalog)
    assert ["a"] == _expanded(_order("a@2"), catalog)
    with pytest.raises(BuildpackMissingError):
        _expanded(_order("a"), catalog)
