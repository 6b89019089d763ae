"""Every document, damaged: the error is explained and names the file; nothing is a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.analyzer import read_layers_metadata
from lifecycle_py.caches.errors import CacheUnusableError
from lifecycle_py.caches.volume_cache import VolumeCache
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.spec.analyzed_toml import Analyzed
from lifecycle_py.spec.api_versions import SUPPORTED_BUILDPACK_APIS
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.build_toml import Build
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.cache_metadata import CACHE_METADATA_LABEL
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.extend_config_toml import ExtendConfig
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.image_labels import LIFECYCLE_METADATA_LABEL, LayersMetadata
from lifecycle_py.spec.launch_toml import Launch
from lifecycle_py.spec.layer_toml import LayerMetadata
from lifecycle_py.spec.metadata_toml import LaunchMetadata
from lifecycle_py.spec.order_toml import Order
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.run_toml import Run
from lifecycle_py.spec.store_toml import Store
from lifecycle_py.spec.system_toml import System
from lifecycle_py.spec.toml_file import Table, format_toml, parse_toml, read_toml

FILE = Path("some/document.toml")
Read = Callable[[Table], object]

_PROCESS = {"type": "web", "args": ["x"], "default": True, "working-dir": "/x"}
_RECORDED = {"app": [{"sha": "a"}], "buildpacks": [{"key": "a/b", "version": "1", "layers": {"l": {"sha": "s"}}}]}
_DOCUMENTS: dict[str, tuple[dict[str, Any], Read]] = {
    "group.toml": ({"group": [{"id": "a/b", "version": "1", "api": "0.12", "optional": True}]}, Group.from_toml),
    "order.toml": ({"order": [{"group": [{"id": "a", "version": "1", "optional": False}]}]}, Order.from_toml),
    "system.toml": ({"system": {"pre": {"buildpacks": [{"id": "a", "version": "1"}]}}}, System.from_toml),
    "plan.toml": (
        {"entries": [{"providers": [{"id": "a", "version": "1"}], "requires": [{"name": "x", "metadata": {"y": 1}}]}]},
        Plan.from_toml,
    ),
    "build plan": ({"provides": [{"name": "a"}], "or": [{"requires": [{"name": "b"}]}]}, BuildPlan.from_toml),
    "buildpack plan": ({"entries": [{"name": "a", "metadata": {"b": [1]}}]}, BuildpackPlan.from_toml),
    "build.toml": ({"unmet": [{"name": "a"}]}, Build.from_toml),
    "store.toml": ({"metadata": {"a": {"b": 1}}}, Store.from_toml),
    "layer.toml": ({"types": {"launch": True, "cache": False}, "metadata": {"a": 1}}, LayerMetadata.from_toml),
    "run.toml": ({"images": [{"image": "a", "mirrors": ["b"]}]}, Run.from_toml),
    "stack.toml": ({"run-image": {"image": "a", "mirrors": ["b"]}}, Run.from_stack_toml),
    "extend-config.toml": ({"build": {"args": [{"name": "a", "value": "b"}]}}, ExtendConfig.from_toml),
    "project-metadata.toml": ({"source": {"type": "git", "version": {"commit": "x"}}}, ProjectMetadata.from_toml),
    "buildpack.toml": (
        {
            "api": "0.12",
            "buildpack": {"id": "a/b", "version": "1", "clear-env": True, "sbom-formats": ["x"], "exec-env": ["test"]},
            "targets": [{"os": "linux", "distros": [{"name": "debian", "version": "13"}]}],
            "stacks": [{"id": "*"}],
        },
        Buildpack.from_toml,
    ),
    "analyzed.toml": (
        {
            "image": {"reference": "a"},
            "metadata": _RECORDED,
            "run-image": {"reference": "r", "image": "i", "extend": True, "target": {"os": "linux", "arch": "amd64"}},
        },
        Analyzed.from_toml,
    ),
    "metadata.toml": (
        {
            "buildpack-default-process-type": "web",
            "buildpacks": [{"id": "a/b", "version": "1", "api": "0.12"}],
            "processes": [{**_PROCESS, "command": ["run"], "direct": True, "buildpack-id": "a/b"}],
            "slices": [{"paths": ["x"]}],
        },
        LaunchMetadata.from_toml,
    ),
}
for _api in SUPPORTED_BUILDPACK_APIS:
    _command = "run" if _api < SUPPORTED_BUILDPACK_APIS[1] else ["run"]
    _launch = {"processes": [{**_PROCESS, "command": _command}], "labels": [{"key": "a", "value": "b"}]}
    _DOCUMENTS[f"launch.toml {_api}"] = (_launch, lambda table, api=_api: Launch.from_toml(table, api))  # type: ignore[misc]

_anything = st.one_of(
    st.none().map(lambda _: "text"),
    st.sampled_from(
        ["", "a\nb", "../x", "\x7f", "é" * 300, -1, 2**63, 1.5, True, [], [[]], {}, {"": {}}, [{}], [1, "a"]]
    ),
    st.recursive(st.integers() | st.text(max_size=3), lambda below: st.lists(below, max_size=2), max_leaves=3),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every value below."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield (*path, key)
        yield from _places(below, (*path, key))


def _with(document: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    target: Any = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return changed


def _without(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    target: Any = changed
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return changed


def _told(read: Callable[[], object]) -> str:
    """Give what the error says, or nothing when there is none; any other error than an explained one fails the test."""
    try:
        read()
    except ExplainedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_the_samples_are_read(name: str) -> None:
    """What is damaged below is good before."""
    document, read = _DOCUMENTS[name]

    assert read(Table(document, FILE))


@pytest.mark.parametrize("name", _DOCUMENTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_value_of_another_type_is_explained(name: str, data: st.DataObject) -> None:
    """Any value in the place of any other gives a document or an error that is explained."""
    document, read = _DOCUMENTS[name]
    path = data.draw(st.sampled_from(list(_places(document))))
    changed = _with(document, path, data.draw(_anything))

    _told(lambda: read(Table(changed, FILE)))


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_a_missing_key_is_explained(name: str) -> None:
    """A document without any one of its keys is read, or the error is explained."""
    document, read = _DOCUMENTS[name]
    for path in _places(document):
        changed = _without(document, path)
        _told(lambda changed=changed: read(Table(changed, FILE)))  # type: ignore[misc]


@pytest.mark.parametrize("name", _DOCUMENTS)
def test_an_unknown_key_is_harmless(name: str) -> None:
    """A key of a newer specification, in any table, is no reason to fail."""
    document, read = _DOCUMENTS[name]
    tables = [(), *(path for path in _places(document) if isinstance(_at(document, path), dict))]
    for path in tables:
        read(Table(_with(document, (*path, "of-a-newer-specification"), {"x": 1}), FILE))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.parametrize("name", _DOCUMENTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_damaged_text_is_explained(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is cut, or has bytes of something else in it, is read or named in the error."""
    document, read = _DOCUMENTS[name]
    good = format_toml(document, FILE).encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    file = tmp_path_factory.getbasetemp() / f"damaged-{name.replace(' ', '-')}"
    file.write_bytes(good[:start] + data.draw(st.binary(max_size=8)) + good[end:])

    told = _told(lambda: read_toml(file))
    assert not told or str(file) in told
    if not told:
        _told(lambda: read(read_toml(file)))


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 5000 + "]" * 5000,
        ".".join(["a"] * 5000) + " = 1",
        "a = " + "9" * 10_000,
        "a = 0x" + "f" * 10_000,
        "a = 1e999999",
        "a = 2026-99-99",
        'a = "' + "x" * 10_000_000 + '"',
        "\0",
        "a = 1\n" * 2,
    ],
    ids=["open", "deep", "dotted", "decimal", "hexadecimal", "float", "date", "long", "NUL", "twice"],
)
def test_monstrous_text_is_explained(text: str) -> None:
    """What no honest program writes is read, or the file is named."""
    told = _told(lambda: parse_toml(text, FILE))

    assert not told or str(FILE) in told


_LABELS = ["", "null", "[]", "1", '"x"', "[" * 100_000, '{"a":' * 50_000, "9" * 10_000, '{"app": 1}', "{}", "\ud800"]


@pytest.mark.parametrize("label", _LABELS, ids=range(len(_LABELS)))
def test_a_label_that_is_none_is_as_good_as_none(label: str) -> None:
    """Whatever an image says of itself, the analysis goes on."""
    assert LayersMetadata() == read_layers_metadata(ImageConfig(labels={LIFECYCLE_METADATA_LABEL: label}))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_label_with_other_values_is_read_or_ignored(data: st.DataObject) -> None:
    """Any value in the place of any other in a label of the lifecycle does no harm."""
    layer = {"sha": "sha256:1", "data": {"a": 1}, "build": False, "launch": True, "cache": True}
    buildpacks = [{"key": "a/b", "version": "1", "layers": {"l": layer}, "store": {"metadata": {"x": 1}}}]
    label = {
        "app": [{"sha": "a"}],
        "sbom": {"sha": "b"},
        "buildpacks": buildpacks,
        "runImage": {"topLayer": "t", "reference": "r", "image": "i", "mirrors": ["m"]},
        "stack": {"runImage": {"image": "i"}},
    }
    path = data.draw(st.sampled_from(list(_places(label))))
    text = json.dumps(_with(label, path, data.draw(_anything | st.none())))

    assert isinstance(read_layers_metadata(ImageConfig(labels={LIFECYCLE_METADATA_LABEL: text})), LayersMetadata)


@pytest.mark.parametrize("text", [*_LABELS[:-1], "\0"], ids=range(len(_LABELS)))
def test_a_cache_that_says_nonsense_is_unusable_or_empty(text: str, tmp_path: Path) -> None:
    """A volume cache whose metadata is damaged costs the cache, not the build."""
    committed = tmp_path / "committed"
    committed.mkdir()
    (committed / CACHE_METADATA_LABEL).write_text(text)
    try:
        contents = VolumeCache(tmp_path).contents()
    except CacheUnusableError:
        return

    assert not contents.buildpacks
