"""analyzed.toml: what one phase's process writes, the next one's reads, whichever lifecycle it is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.errors import TomlValueError
from lifecycle_py.spec.identifiers import BuildpackId, LayerName
from lifecycle_py.spec.image_labels import LayersMetadata, RecordedBuildpack, RecordedLayer
from lifecycle_py.spec.layer_toml import LayerTypes
from lifecycle_py.spec.targets import Distro, Target
from lifecycle_py.spec.toml_file import format_toml, parse_toml
from tests.support import documents as some

_FILE = Path("analyzed.toml")
_targets = st.builds(
    Target,
    id=some.texts,
    arch=some.texts,
    variant=some.texts,
    distro=st.none() | st.builds(Distro, name=some.texts, version=some.texts),
)
_layers = st.builds(RecordedLayer, diff_id=some.texts, types=some.layer_types, metadata=some.json_tables)
_buildpacks = st.builds(
    RecordedBuildpack,
    id=some.ids,
    version=some.texts,
    layers=st.dictionaries(some.layers | st.sampled_from([LayerName("data"), LayerName("metadata")]), _layers),
    store=st.none() | some.json_tables.filter(bool),
)
_documents = st.builds(
    Analyzed,
    run_image=st.builds(
        RunImage, reference=some.texts, image=some.texts, extend=st.booleans(), target=st.none() | _targets
    ),
    previous_image=some.texts,
    build_image=some.texts,
    metadata=st.builds(
        LayersMetadata, app=st.lists(some.texts).map(tuple), buildpacks=st.lists(_buildpacks, max_size=3).map(tuple)
    ),
)


@settings(max_examples=40, deadline=None)
@given(document=_documents)
def test_what_is_written_is_read(document: Analyzed) -> None:
    """The restorer and the exporter see what the analyzer saw, layers called ``data`` included."""
    assert document == Analyzed.from_toml(parse_toml(format_toml(document.to_toml(), _FILE), _FILE))


def test_the_reference_s_document_is_read() -> None:
    """The keys are the reference's: ``metadata`` of a layer, ``top-layer`` of the run image."""
    text = """
        [image]
        reference = "r/app@sha256:1"
        [metadata]
        [[metadata.app]]
        sha = "sha256:2"
        [[metadata.buildpacks]]
        key = "some/pack"
        version = "1"
        [metadata.buildpacks.layers.jdk]
        sha = "sha256:3"
        build = true
        launch = true
        cache = false
        [metadata.buildpacks.layers.jdk.metadata]
        version = "21"
        [metadata.buildpacks.store.metadata]
        kept = true
        [metadata.run-image]
        top-layer = "sha256:4"
        reference = "r/run@sha256:5"
        image = "r/run"
        [run-image]
        reference = "r/run@sha256:6"
        extend = true
    """
    analyzed = Analyzed.from_toml(parse_toml(text, _FILE))
    pack = analyzed.metadata.buildpack(BuildpackId("some/pack"))

    assert ("r/app@sha256:1", True, None) == (
        analyzed.previous_image,
        analyzed.run_image.extend,
        analyzed.run_image.target,
    )
    assert pack is not None
    assert {"kept": True} == pack.store
    assert (
        RecordedLayer(diff_id="sha256:3", types=LayerTypes(build=True, launch=True), metadata={"version": "21"})
        == pack.layers[LayerName("jdk")]
    )
    assert analyzed.metadata.run_image is not None
    assert ("sha256:4", "r/run") == (analyzed.metadata.run_image.top_layer, analyzed.metadata.run_image.choice.image)


@pytest.mark.parametrize(
    "text",
    [
        "metadata = 1",
        "[metadata]\nbuildpacks = 3",
        "[metadata]\nbuildpacks = [{}]",
        '[metadata]\nbuildpacks = [{key = "a", layers = {"../x" = {}}}]',
        "[metadata]\nrun-image = 7",
        "[run-image]\nreference = 1",
    ],
)
def test_what_is_no_such_document_is_an_error_of_its_file(text: str) -> None:
    """Wrong types name the file and the key, and give no traceback."""
    with pytest.raises(TomlValueError, match=r"analyzed\.toml"):
        Analyzed.from_toml(parse_toml(text, _FILE))
