"""Components: read from each format buildpacks write, merged, and never a failure because of somebody's document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.stacks.packages import Package
from builder.supply_chain.components import Component, debian_component, merge, read_bill

_CYCLONEDX = {
    "components": [
        {
            "type": "library",
            "name": "flask",
            "version": "1",
            "purl": "pkg:pypi/flask@1",
            "licenses": [{"license": {"id": "MIT"}}, {"expression": "A OR B"}, {"license": {"name": "own"}}],
            "components": [{"type": "file", "name": "inner"}],
        }
    ]
}
_SPDX = {
    "packages": [
        {
            "name": "flask",
            "versionInfo": "1",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "MIT",
            "externalRefs": [
                {"referenceType": "cpe23Type", "referenceLocator": "cpe"},
                {"referenceType": "purl", "referenceLocator": "pkg:pypi/flask@1"},
            ],
        }
    ]
}
_SYFT = {"artifacts": [{"name": "flask", "version": "1", "purl": "pkg:pypi/flask@1"}]}


def test_cyclonedx_is_read() -> None:
    """Components of components, too, and licences in all their forms."""
    flask, inner = read_bill("cdx.json", _CYCLONEDX, "a:b")

    expected = Component(name="flask", version="1", purl="pkg:pypi/flask@1", licenses=("MIT", "A OR B", "own"))
    assert (expected.name, expected.purl, expected.licenses) == (flask.name, flask.purl, flask.licenses)
    assert ("inner", "file", ("a:b",)) == (inner.name, inner.kind, inner.origins)


@pytest.mark.parametrize(
    ("extension", "document", "licenses"), [("spdx.json", _SPDX, ("MIT",)), ("syft.json", _SYFT, ())]
)
def test_spdx_and_syft_are_read(extension: str, document: dict[str, Any], licenses: tuple[str, ...]) -> None:
    """Name, version and package URL are in each."""
    (flask,) = read_bill(extension, document, "a:b")

    assert Component(name="flask", version="1", purl="pkg:pypi/flask@1", licenses=licenses, origins=("a:b",)) == flask


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["components", "packages", "artifacts", "name", "licenses", "externalRefs", "license"]),
            below,
        )
    ),
)


@given(
    st.sampled_from(["cdx.json", "spdx.json", "syft.json"]),
    st.dictionaries(st.sampled_from(["components", "packages", "artifacts"]), _json),
)
def test_any_json_is_survived(extension: str, document: dict[str, Any]) -> None:
    """A buildpack's broken document costs its components, not the image's bill."""
    for component in read_bill(extension, document, "x"):
        assert component.name


def test_merge_gives_each_once_and_in_order() -> None:
    """What two layers hold names both; a name without package URL is told apart by version."""
    one = Component(name="b", version="1", purl="pkg:x/b@1", licenses=("MIT",), origins=("p:one",))
    other = Component(name="b", version="1", purl="pkg:x/b@1", origins=("p:two",))
    plain = [Component(name="a", version=version, origins=("p",)) for version in ("2", "1", "2")]

    merged = merge([one, other, *plain])

    assert [("a", "1"), ("a", "2"), ("b", "1")] == [(component.name, component.version) for component in merged]
    assert (("p:one", "p:two"), ("MIT",)) == (merged[-1].origins, merged[-1].licenses)


_few = st.sampled_from(["", "a", "b"])


@given(st.lists(st.builds(Component, name=_few, version=_few, purl=_few, kind=_few, origins=st.tuples(_few))))
def test_merge_does_not_depend_on_the_order(components: list[Component]) -> None:
    """Equal images give equal documents, however their layers were read."""
    assert merge(components) == merge(reversed(components))
    assert merge(components) == merge(merge(components))


def test_a_debian_package_has_its_package_url() -> None:
    """Epochs, plus signs and tildes as the purl specification has them; architecture and release as qualifiers."""
    package = Package(name="libstdc++6", architecture="amd64", version="1:14.2.0+x~1", source="gcc")

    component = debian_component(package, "debian", "13")

    assert "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0%2Bx~1?arch=amd64&distro=debian-13" == component.purl
