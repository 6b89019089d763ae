"""Labels as JSON: Go's form, exact keys, and reading whatever other lifecycles wrote."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import (
    LayersMetadata,
    RecordedBuildpack,
    RecordedLayer,
    RunImageRecord,
    go_json,
)
from lifecycle_py.spec.layer_toml import LayerTypes
from lifecycle_py.spec.run_toml import RunImageChoice
from tests.support import documents as some

_recorded_layers = st.builds(RecordedLayer, diff_id=some.texts, types=some.layer_types, metadata=some.json_tables)
_recorded_buildpacks = st.builds(
    RecordedBuildpack,
    id=some.ids,
    version=some.texts,
    layers=st.dictionaries(some.layers, _recorded_layers, max_size=3),
    store=st.none() | some.json_tables.filter(bool),
)
_choices = st.builds(RunImageChoice, image=some.texts, mirrors=st.lists(some.texts, max_size=2).map(tuple))
metadata_values = st.builds(
    LayersMetadata,
    app=st.lists(some.texts, max_size=3).map(tuple),
    sbom=some.texts,
    buildpacks=st.lists(_recorded_buildpacks, max_size=3).map(tuple),
    config=some.texts,
    launcher=some.texts,
    process_types=some.texts,
    run_image=st.none() | st.builds(RunImageRecord, top_layer=some.texts, reference=some.texts, choice=_choices),
    stack=st.none() | _choices,
    exec_env=some.texts,
)


@settings(max_examples=40, deadline=None)
@given(metadata=metadata_values)
def test_lifecycle_metadata_survives_its_json(metadata: LayersMetadata) -> None:
    """The next build reads what this one wrote."""
    assert metadata == LayersMetadata.from_json(json.loads(go_json(metadata.to_json())))


@settings(max_examples=50, deadline=None)
@given(value=st.recursive(some.texts, lambda below: st.lists(below) | st.dictionaries(some.texts, below)))
def test_go_json_is_json(value: object) -> None:
    """Go's escapes do not change what is read."""
    text = go_json(value)

    assert value == json.loads(text)
    assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": [1, True, None], "a": "x"}, '{"b":[1,true,null],"a":"x"}'),
        ("<a href='x'>&", "\"\\u003ca href='x'\\u003e\\u0026\""),
        ("\u2028\u2029", '"\\u2028\\u2029"'),
        ("é日😀", '"é日😀"'),
        ('"\\/\n\t\x01\x7f', '"\\"\\\\/\\n\\t\\u0001\x7f"'),
    ],
)
def test_go_json_writes_as_go_does(value: object, expected: str) -> None:
    """No spaces; ``<``, ``>``, ``&`` and two separators escaped; everything else as it is."""
    assert expected == go_json(value)


def test_metadata_of_a_layer_is_sorted_and_plain() -> None:
    """Maps are sorted at every depth; what JSON has no word for is text; empty is null."""
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    metadata = {"b": {"z": 1, "a": [{"y": 1, "x": moment}]}, "a": dt.date(2026, 1, 2), "c": float("inf")}
    layer = RecordedLayer(diff_id="sha256:1", types=LayerTypes(launch=True), metadata=metadata)

    assert (
        '{"sha":"sha256:1","data":{"a":"2026-01-02","b":{"a":[{"x":"2026-01-02T03:04:05Z","y":1}],"z":1},"c":"inf"},'
        '"build":false,"launch":true,"cache":false}'
    ) == go_json(layer.to_json())
    assert None is RecordedLayer(diff_id="", types=LayerTypes()).to_json()["data"]


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "build"])
def test_a_layers_name_that_is_a_path_is_refused(name: str) -> None:
    """Names become paths when a build restores layers, and labels come from anywhere."""
    with pytest.raises(InvalidIdentifierError):
        RecordedBuildpack.from_json({"key": "a", "layers": {name: {}}})


def test_lifecycle_metadata_of_other_lifecycles_is_read() -> None:
    """Absent keys, nulls and keys of other versions are no errors."""
    metadata = LayersMetadata.from_json(
        {
            "app": None,
            "stack": {"runImage": {"image": "x"}},
            "buildpacks": [{"key": "a/b", "version": "1", "layers": None, "store": {}}],
            "config": {},
            "runImage": {"topLayer": "t"},
        }
    )

    assert RecordedBuildpack(id=BuildpackId("a/b"), version="1") == metadata.buildpack(BuildpackId("a/b"))
    assert RunImageRecord(top_layer="t", reference="") == metadata.run_image
    assert None is metadata.buildpack(BuildpackId("other"))


def test_recorded_layers_are_sorted_by_name() -> None:
    """The order of a label's layers does not depend on the order they were made in."""
    layer = RecordedLayer(diff_id="", types=LayerTypes())
    names = [LayerName(name) for name in ("b", "a")]

    recorded = RecordedBuildpack(id=BuildpackId("x"), version="", layers=dict.fromkeys(names, layer))

    assert ["a", "b"] == list(recorded.to_json()["layers"])
