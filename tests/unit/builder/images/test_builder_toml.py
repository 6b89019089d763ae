"""builder.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.images.builder_toml import read_builder, with_buildpacks
from lifecycle_py.spec.buildpack_toml import read_buildpack
from lifecycle_py.spec.errors import TomlUnreadableError, TomlValueError


def test_default_builder_has_heroku_s_order() -> None:
    """Debian packages come first, a language pack decides, the Procfile comes last, so that its processes win."""
    builder = read_builder()

    assert "debian-13" == builder.stack
    *languages, without = builder.order.groups
    assert [("offramp/apt", False), ("offramp/procfile", False)] == [(one.id, one.optional) for one in without]
    expected = (
        (("offramp/python", False),),
        (("offramp/nodejs", True), ("offramp/ruby", False)),
        (("offramp/go", False),),
        (("offramp/nodejs", False),),
    )
    for group, packs in zip(languages, expected, strict=True):
        assert [("offramp/apt", True), *packs, ("offramp/procfile", True)] == [
            (element.id, element.optional) for element in group
        ]
    assert all((directory / "buildpack.toml").is_file() for directory in builder.buildpacks)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Buildpacks and stack may stand beside the builder.toml."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack" / "stack.toml").write_text("")
    (tmp_path / "builder.toml").write_text('[offramp]\nstack = "stack"\n[[buildpacks]]\nuri = "pack"\n')
    builder = read_builder(tmp_path / "builder.toml")

    assert str(tmp_path / "stack") == builder.stack
    assert (tmp_path / "pack",) == builder.buildpacks


def test_chosen_buildpacks_are_the_whole_order() -> None:
    """``--buildpack`` replaces the order by one group in which nothing is optional."""
    builder = read_builder()
    chosen = with_buildpacks(builder, builder.buildpacks[::-1])
    (group,) = chosen.order.groups

    assert [str(read_buildpack(one).id) for one in builder.buildpacks[::-1]] == [str(one.id) for one in group]
    assert not any(element.optional for element in group)


def test_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """A misspelled table is not ignored."""
    (tmp_path / "builder.toml").write_text('[offrmap]\nstack = "debian-13"\n')
    with pytest.raises(TomlValueError) as raised:
        read_builder(tmp_path / "builder.toml")

    assert "offramp" == raised.value.suggestion


def test_missing_file_is_told(tmp_path: Path) -> None:
    """A builder.toml that is not there is named."""
    with pytest.raises(TomlUnreadableError, match="nowhere"):
        read_builder(tmp_path / "nowhere.toml")
