"""Hypothesis strategies for values of the specification's documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from lifecycle_py.spec.build_plan import BuildPlan, PlanAlternative, Require
from lifecycle_py.spec.identifiers import BuildpackId, LayerName, ProcessType
from lifecycle_py.spec.launch_toml import Label, Launch, Process, Slice
from lifecycle_py.spec.layer_toml import LayerTypes

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
buildpack_ids = st.from_regex(r"[a-z]{1,8}(/[a-z0-9.-]{1,8})?", fullmatch=True).filter(
    lambda text: text not in {"app", "config", "generated", "sbom"}
)
process_types = st.from_regex(r"[A-Za-z0-9._-]{1,10}", fullmatch=True).map(ProcessType)
layer_names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda text: text not in {"build", "launch", "store"}
)

_scalars = (
    texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.dates() | st.times()
)
_datetimes = st.datetimes() | st.datetimes(timezones=st.just(dt.UTC))
toml_values = st.recursive(
    _scalars | _datetimes,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=8,
)
tables: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(texts, toml_values, max_size=4)

_json_scalars = texts | st.booleans() | st.integers(-(2**53), 2**53)
json_tables: st.SearchStrategy[Mapping[str, Any]] = st.dictionaries(
    texts, st.recursive(_json_scalars, lambda below: st.lists(below, max_size=3), max_leaves=4), max_size=3
)

layer_types = st.builds(LayerTypes, build=st.booleans(), cache=st.booleans(), launch=st.booleans())
requires = st.builds(Require, name=names, metadata=tables)
alternatives = st.builds(
    PlanAlternative,
    provides=st.lists(names, max_size=3).map(tuple),
    requires=st.lists(requires, max_size=3).map(tuple),
)
build_plans = st.builds(BuildPlan, alternatives=st.lists(alternatives, min_size=1, max_size=3).map(tuple))
processes = st.builds(
    Process,
    type=process_types,
    command=st.lists(texts, min_size=1, max_size=3).map(tuple),
    args=st.lists(texts, max_size=3).map(tuple),
    default=st.booleans(),
    working_dir=texts,
    exec_env=st.lists(texts, max_size=2).map(tuple),
)
launches = st.builds(
    Launch,
    processes=st.lists(processes, max_size=3).map(tuple),
    labels=st.lists(st.builds(Label, key=names, value=texts), max_size=3).map(tuple),
    slices=st.lists(st.builds(Slice, paths=st.lists(texts, max_size=3).map(tuple)), max_size=2).map(tuple),
)

ids = buildpack_ids.map(BuildpackId)
layers = layer_names.map(LayerName)
