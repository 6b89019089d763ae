"""Environments of the programs a build runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.python.environments import _without_denied, ignored_settings, without_ours
from buildpacks.python.layers.tools import pins_of

DENIED = ("PATH", "CPATH", "CPPATH", "LD_PRELOAD", "LIBRARY_PATH", "LD_LIBRARY_PATH", "PYTHONHOME")
PATHS = st.text("abc/:", min_size=1)


@pytest.mark.parametrize("name", ["LD_LIBRARY_PATH", "CPATH"])
@pytest.mark.parametrize(
    ("seen", "users", "expected"),
    [
        ("/mine:/layer", "/mine", "/layer"),
        ("/mine", "/mine", None),
        ("/layer", None, "/layer"),
        ("/layer", "/mine", "/layer"),
    ],
)
def test_denied_variable(name: str, seen: str, users: str | None, expected: str | None) -> None:
    """What the user put in front is taken off again; what layers say about the variable stays."""
    user_env = {} if users is None else {name: users}

    assert _without_denied({name: seen}, user_env).get(name) == expected


def test_denied_path_leaves_a_path() -> None:
    """Without the user's PATH there is still one to find programs on."""
    assert _without_denied({"PATH": "/mine"}, {"PATH": "/mine"})["PATH"].startswith("/usr/local/sbin:")


@given(st.sampled_from(DENIED), PATHS, PATHS)
def test_denied_value_never_survives_in_front(name: str, users: str, layers: str) -> None:
    """Whatever the user's value, the layers' value is what is left of 'user:layers'."""
    assert _without_denied({name: f"{users}:{layers}"}, {name: users})[name] == layers


def test_settings_that_misplace_things() -> None:
    """They are left out and named; PYTHONPATH, which is for the app, is left out silently; others are kept."""
    user = {"PIP_TARGET": "x", "POETRY_VIRTUALENVS_PATH": "x", "PYTHONPATH": "x", "PIP_INDEX_URL": "x"}

    assert ignored_settings(user) == ["PIP_TARGET", "POETRY_VIRTUALENVS_PATH"]
    assert without_ours(user) == {"PIP_INDEX_URL": "x"}


@pytest.mark.parametrize("tool", ["pip", "pipenv", "poetry", "setuptools", "uv"])
def test_every_pin_has_hashes(tool: str) -> None:
    """Each tool, and each package it needs, is pinned exactly and with the hash of every file it may be."""
    entries = re.split(r"(?<!\\)\n", pins_of(tool).read_text().strip())

    assert any(entry.startswith(f"{tool}==") for entry in entries)
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^\n]+?)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry), entry
