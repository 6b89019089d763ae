"""Bills of materials: valid by their formats' own schemas, and equal bytes for equal images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builder.supply_chain.components import Component, merge
from builder.supply_chain.documents import Described, SbomFormat, render

_DIGEST = "sha256:" + "a" * 64
_COMPONENTS = merge(
    [
        Component(name="flask", version="1", purl="pkg:pypi/flask@1", licenses=("MIT", "GPL & more"), origins=("a:b",)),
        Component(name="ünï", origins=("a:b", "c")),
        Component(name="ünï", version="2", kind="cryptographic-asset", origins=("c",)),
    ]
)


def _described(*components: Component, name: str = "registry.example.com:5000/team/app") -> Described:
    return Described(
        name=name, digest=_DIGEST, created="1980-01-01T00:00:01Z", tool="1.0", components=components or _COMPONENTS
    )


def _problems(described: Described, sbom_format: SbomFormat, directory: Path) -> list[str]:
    document = render(described, sbom_format)
    if sbom_format is SbomFormat.CYCLONEDX:
        problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(document.decode())
        return [str(problem)] if problem else []
    file = directory / sbom_format.file_name
    file.write_bytes(document)
    return [one.validation_message for one in validate_full_spdx_document(parse_file(str(file)))]


@pytest.mark.parametrize("name", ["app", "registry.example.com:5000/team/app"])
@pytest.mark.parametrize("sbom_format", SbomFormat)
def test_documents_are_valid(sbom_format: SbomFormat, name: str, tmp_path: Path) -> None:
    """CycloneDX 1.5 and SPDX 2.3, checked by the formats' own tools."""
    assert [] == _problems(_described(name=name), sbom_format, tmp_path)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.builds(
            Component,
            name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5),
            version=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=3),
            kind=st.sampled_from(["library", "file", "unheard-of"]),
            origins=st.just(("a:b",)),
        ),
        max_size=4,
    )
)
def test_cyclonedx_of_any_names_is_valid(components: list[Component]) -> None:
    """Names and versions come from anywhere."""
    problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(
        render(_described(*merge(components)), SbomFormat.CYCLONEDX).decode()
    )
    assert None is problem


@pytest.mark.parametrize("sbom_format", SbomFormat)
def test_equal_images_have_equal_documents(sbom_format: SbomFormat) -> None:
    """Nothing of clock or chance; another image is another document."""
    assert render(_described(), sbom_format) == render(_described(), sbom_format)
    assert _described().id != _described(name="other").id


def test_both_name_every_component() -> None:
    """With its package URL, and where it was found."""
    cyclonedx = json.loads(render(_described(), SbomFormat.CYCLONEDX))
    spdx = json.loads(render(_described(), SbomFormat.SPDX))

    assert ["flask", "ünï", "ünï"] == [one["name"] for one in cyclonedx["components"]]
    assert ["flask", "ünï", "ünï"] == [one["name"] for one in spdx["packages"][1:]]
    assert "pkg:pypi/flask@1" == spdx["packages"][1]["externalRefs"][0]["referenceLocator"]
    assert "in a:b, c" == spdx["packages"][2]["comment"]
