"""Every document of the specification survives its way through text."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.build_plan import BuildPlan
from lifecycle_py.spec.build_toml import Build
from lifecycle_py.spec.buildpack_plan import BuildpackPlan
from lifecycle_py.spec.buildpack_toml import Buildpack
from lifecycle_py.spec.errors import InvalidIdentifierError, TomlValueError, UnsupportedApiError
from lifecycle_py.spec.extend_config_toml import PROVIDED_ARGUMENTS, ExtendArgument, ExtendConfig
from lifecycle_py.spec.group_toml import Group, GroupElement
from lifecycle_py.spec.launch_toml import Launch
from lifecycle_py.spec.layer_toml import LayerMetadata
from lifecycle_py.spec.order_toml import Order, OrderElement
from lifecycle_py.spec.plan_toml import Plan, PlanEntry, Provider
from lifecycle_py.spec.project_metadata_toml import ProjectMetadata
from lifecycle_py.spec.report_toml import Report
from lifecycle_py.spec.store_toml import Store
from lifecycle_py.spec.system_toml import System
from lifecycle_py.spec.targets import Distro, Target, TargetConstraint
from lifecycle_py.spec.toml_file import Table, TomlTable, format_toml, parse_toml, read_toml, write_toml
from tests.support import documents as some

FILE = Path("document.toml")
API = ApiVersion(0, 12)


def _through_text(table: TomlTable) -> Table:
    return parse_toml(format_toml(table, FILE), FILE)


def _many(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


_elements = st.builds(
    GroupElement, id=some.ids, version=some.names, api=some.names, homepage=some.texts, optional=st.booleans()
)
_order_elements = st.builds(
    OrderElement, id=some.ids, version=some.texts, optional=st.booleans(), exec_env=_many(some.texts)
)
_providers = st.builds(Provider, id=some.ids, version=some.names, extension=st.booleans())
_extend_arguments = st.builds(
    ExtendArgument, name=some.names.filter(lambda name: name not in PROVIDED_ARGUMENTS), value=some.texts
)
_plan_entries = st.builds(PlanEntry, providers=_many(_providers), requires=_many(some.requires))
_distros = st.builds(Distro, name=some.names, version=some.texts)
_targets = st.builds(Target, os=some.names, arch=some.texts, variant=some.texts, distro=st.none() | _distros)

_DOCUMENTS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Table], Any]]] = {
    "group.toml": (
        st.builds(Group, buildpacks=_many(_elements), extensions=_many(_elements)),
        Group.from_toml,
    ),
    "order.toml": (
        st.builds(Order, groups=_many(_many(_order_elements)), extensions=_many(_many(_order_elements))),
        Order.from_toml,
    ),
    "system.toml": (st.builds(System, pre=_many(_order_elements), post=_many(_order_elements)), System.from_toml),
    "plan.toml": (st.builds(Plan, entries=_many(_plan_entries)), Plan.from_toml),
    "build plan": (some.build_plans, BuildPlan.from_toml),
    "buildpack plan": (st.builds(BuildpackPlan, entries=_many(some.requires)), BuildpackPlan.from_toml),
    "build.toml": (st.builds(Build, unmet=_many(some.names)), Build.from_toml),
    "launch.toml": (some.launches, lambda table: Launch.from_toml(table, API)),
    "extend-config.toml": (
        st.builds(ExtendConfig, build=_many(_extend_arguments), run=_many(_extend_arguments)),
        ExtendConfig.from_toml,
    ),
    "store.toml": (st.builds(Store, metadata=some.tables), Store.from_toml),
    "layer.toml": (
        st.builds(LayerMetadata, types=st.none() | some.layer_types, metadata=some.tables),
        LayerMetadata.from_toml,
    ),
    "target": (_targets, Target.from_toml),
    "project-metadata.toml": (
        st.builds(ProjectMetadata, source_type=some.names, version=some.tables, metadata=some.tables),
        ProjectMetadata.from_toml,
    ),
}


@pytest.mark.parametrize("name", _DOCUMENTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_document_survives_its_text(name: str, data: st.DataObject) -> None:
    """What is written is read back equal, whatever strings, dates and numbers it holds."""
    values, parse = _DOCUMENTS[name]
    value = data.draw(values)

    assert value == parse(_through_text(value.to_toml()))


@pytest.mark.parametrize("name", _DOCUMENTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_document_of_nonsense_is_explained(name: str, data: st.DataObject) -> None:
    """Any TOML at all is read, or refused with an error that names file and key; never with a crash."""
    values, parse = _DOCUMENTS[name]
    table = dict(data.draw(values).to_toml())
    key = data.draw(st.sampled_from([*table, "other"]))
    table[key] = data.draw(some.toml_values)

    with contextlib.suppress(TomlValueError, InvalidIdentifierError):
        parse(_through_text(table))


def test_write_toml_writes_what_read_toml_reads(tmp_path: Path) -> None:
    """A file is written whole, with nothing left beside it."""
    write_toml(tmp_path / "x.toml", {"a": {"b": ["é", 'quo"te', "apo'strophe", "\x1b\x7f\\"]}})

    assert {"a": {"b": ["é", 'quo"te', "apo'strophe", "\x1b\x7f\\"]}} == read_toml(tmp_path / "x.toml").data
    assert ["x.toml"] == [path.name for path in tmp_path.iterdir()]


def test_write_toml_does_not_write_through_a_link(tmp_path: Path) -> None:
    """Neither the file nor its temporary name leads elsewhere."""
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "x.toml").symlink_to("victim")
    (tmp_path / f".x.toml.{os.getpid()}").symlink_to("victim")

    write_toml(tmp_path / "x.toml", {"a": 1})

    assert "kept" == (tmp_path / "victim").read_text()
    assert not (tmp_path / "x.toml").is_symlink()


# Documents that are only written, or only read.


@pytest.mark.requirement(
    "deviation.target-variant", "platform.analyzed-toml.run-image-name", "platform.analyzed-toml.run-target"
)
def test_analyzed_names_images_and_both_spellings_of_a_variant() -> None:
    """``[image]`` is there only when there was one; the variant is written as the spec and the reference read it."""
    run = RunImage(reference="r@sha256:1", image="r", target=Target(arch="arm", variant="v7"))

    assert {
        "reference": "r@sha256:1",
        "image": "r",
        "target": {"os": "linux", "arch": "arm", "arch-variant": "v7", "variant": "v7"},
    } == Analyzed(run_image=run).to_toml()["run-image"]
    assert {"reference": "p"} == Analyzed(run_image=run, previous_image="p").to_toml()["image"]


@pytest.mark.requirement("platform.report-toml.digest", "platform.report-toml.image-id")
def test_report_has_the_specs_keys() -> None:
    """Machines read the report by these names."""
    report = Report(tags=("a", "b"), digest="d", image_id="i", manifest_size=3)

    assert {"image": {"tags": ["a", "b"], "digest": "d", "image-id": "i", "manifest-size": 3}} == report.to_toml()


_BUILDPACK = """
api = "0.12"
[buildpack]
id = "a/b"
version = "1.2"
name = "N"
homepage = "h"
clear-env = true
sbom-formats = ["application/spdx+json"]
exec-env = ["production", "test"]
description = "keys nobody asked for are fine"
[[buildpack.licenses]]
type = "MIT"
[[targets]]
os = "linux"
arch = "arm64"
variant = "v8"
[[targets.distros]]
name = "debian"
version = "13"
[metadata]
any = 1
"""


def test_buildpack_reads_all_it_needs() -> None:
    """A descriptor with every key, and some that are for others."""
    buildpack = Buildpack.from_toml(parse_toml(_BUILDPACK, FILE))

    target = TargetConstraint(os="linux", arch="arm64", variant="v8", distros=(Distro(name="debian", version="13"),))
    assert ("a/b@1.2", API, True, False) == (
        str(buildpack),
        buildpack.api,
        buildpack.clear_env,
        buildpack.order is not None,
    )
    assert (("application/spdx+json",), ("production", "test")) == (buildpack.sbom_formats, buildpack.exec_env)
    assert ((target,), {"any": 1}) == (buildpack.targets, buildpack.metadata)


@pytest.mark.requirement("deviation.exec-env-form")
def test_buildpack_accepts_both_forms_of_execution_environments() -> None:
    """The specification has tables, the reference a list of strings."""
    text = _BUILDPACK.replace('exec-env = ["production", "test"]', "").replace(
        "[[targets]]", '[[buildpack.exec-env]]\nname = "test"\n[[targets]]', 1
    )

    assert ("test",) == Buildpack.from_toml(parse_toml(text, FILE)).exec_env


@pytest.mark.requirement("buildpack.api.declared")
@pytest.mark.parametrize(
    ("old", "new", "error", "words"),
    [
        ('api = "0.12"', "", TomlValueError, "'api'"),
        ('api = "0.12"', 'api = "0.99"', UnsupportedApiError, "0.99"),
        ('id = "a/b"', 'id = "a b"', InvalidIdentifierError, "a b"),
        ('id = "a/b"', 'id = "sbom"', InvalidIdentifierError, "reserves"),
        ('version = "1.2"', "version = 1.2", TomlValueError, "'buildpack.version'"),
        ("clear-env = true", 'clear-env = "yes"', TomlValueError, "true or false"),
        ('name = "debian"', "name = 1", TomlValueError, r"targets\[0\].distros\[0\].name"),
    ],
)
def test_buildpack_explains_what_is_wrong(old: str, new: str, error: type[Exception], words: str) -> None:
    """Errors name the key by its full path."""
    with pytest.raises(error, match=words):
        Buildpack.from_toml(parse_toml(_BUILDPACK.replace(old, new, 1), FILE))


@pytest.mark.requirement("deviation.bionic-arch")
@pytest.mark.parametrize(
    ("stacks", "targets"),
    [
        (["*"], ["any/any"]),
        (["io.buildpacks.stacks.bionic", "other"], ["linux/amd64 (ubuntu 18.04)"]),
        (["heroku-24"], []),
    ],
)
def test_buildpack_without_targets_has_those_of_its_stacks(stacks: list[str], targets: list[str]) -> None:
    """Buildpacks from before targets name stacks; declared targets win."""
    table = {
        "api": "0.9",
        "buildpack": {"id": "a", "version": "1"},
        "stacks": [{"id": stack} for stack in stacks],
    }

    assert targets == [str(target) for target in Buildpack.from_toml(Table(table, FILE)).targets]
    aimed = {**table, "targets": [{"os": "linux"}]}
    assert ["linux/any"] == [str(target) for target in Buildpack.from_toml(Table(aimed, FILE)).targets]


def test_extension_is_read_like_a_buildpack() -> None:
    """An extension.toml has the same keys in a table of its own."""
    extension = Buildpack.from_toml(parse_toml(_BUILDPACK.replace("buildpack", "extension"), FILE))

    assert ("a/b@1.2", True) == (str(extension), extension.extension)
    assert not Buildpack.from_toml(parse_toml(_BUILDPACK, FILE)).extension


@pytest.mark.requirement("buildpack.order-resolution.extensions-flat")
def test_extension_has_no_order() -> None:
    """Only buildpacks may be composite."""
    text = _BUILDPACK.replace("buildpack", "extension") + '[[order]]\n[[order.group]]\nid = "c"\n'

    with pytest.raises(TomlValueError, match="an image extension has no order"):
        Buildpack.from_toml(parse_toml(text, FILE))


def test_layer_metadata_refuses_types_at_the_top() -> None:
    """The form of old APIs would silently make a layer of no type."""
    with pytest.raises(TomlValueError, match="into the"):
        LayerMetadata.from_toml(parse_toml("launch = true\n", FILE))


@pytest.mark.requirement("buildpack.launch.command-list", "buildpack.launch-toml.direct-forbidden")
@pytest.mark.parametrize(
    ("api", "text", "expected"),
    [
        (ApiVersion(0, 8), 'command = "run it"\ndirect = false\n', (("run it",), False)),
        (ApiVersion(0, 8), 'command = "run"\ndirect = true\n', (("run",), True)),
        (ApiVersion(0, 8), 'command = "run it"\n', (("run it",), False)),
        (API, 'command = ["run", "it"]\n', (("run", "it"), True)),
    ],
)
def test_process_is_read_as_its_api_defines(api: ApiVersion, text: str, expected: tuple[tuple[str, ...], bool]) -> None:
    """Until 0.8 a command is a string and may be a shell's; from 0.9 on it is a list."""
    launch = Launch.from_toml(parse_toml(f'[[processes]]\ntype = "web"\n{text}', FILE), api)

    assert expected == (launch.processes[0].command, launch.processes[0].direct)
