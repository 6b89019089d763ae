"""Slices: globs as Go's filepath.Match has them (each row was checked against go1.26), and what is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_py.slices import go_pattern, list_tree, split_app
from lifecycle_py.spec.launch_toml import Slice
from tests.support.trees import write_tree

_MATCHES = [
    ("abc", "abc"),
    ("*", "abc"),
    ("*c", "abc"),
    ("a*", "a"),
    ("a*/b", "abc/b"),
    ("a?c", "abc"),
    ("a?c", "aéc"),
    ("ab[c]", "abc"),
    ("ab[b-d]", "abc"),
    ("ab[^e-g]", "abc"),
    ("[^é]", "x"),
    ("a\\*b", "a*b"),
    ("[\\d]", "d"),
    ("[\\]a]", "]"),
    ("[\\-]", "-"),
    ("[\\--a]", "-"),
    ("[a^]", "^"),
    ("[[]", "["),
    ("[&&a]", "&"),
    ("[b-az]", "z"),
    ("[^b-a]", "x"),
    ("a.b", "a.b"),
    ("**", "ab"),
    (".*", ".hidden"),
    ("*", ".hidden"),
    ("./a/", "a"),
    ("/a//b", "a/b"),
    ("a/../b", "b"),
    (".", "anything/at/all"),
    ("", "anything"),
]
_MISSES = [
    ("abc", "ab"),
    ("*", "a/b"),
    ("a*", "ab/c"),
    ("a?b", "a/b"),
    ("a[^x]b", "a/b"),
    ("ab[e-g]", "abc"),
    ("ab[^b-d]", "abc"),
    ("a\\*b", "axb"),
    ("[\\d]", "5"),
    ("[b-a]", "a"),
    ("a.b", "axb"),
    ("a|b", "a"),
    ("(a)", "a"),
    ("../a", "a"),
    ("..", "a"),
    ("**/b", "x/y/b"),
    # Malformed: these match nothing at all.
    ("[]a]", "]"),
    ("[-]", "-"),
    ("[x-]", "x"),
    ("[-x]", "x"),
    ("[a-b-c]", "a"),
    ("[", "["),
    ("[^", "a"),
    ("[a", "a"),
    ("a[", "a["),
    ("[]", "a"),
    ("a\\", "a\\"),
]


@pytest.mark.requirement("buildpack.slices.globs")
@pytest.mark.parametrize(("glob", "path"), _MATCHES)
def test_go_pattern_matches(glob: str, path: str) -> None:
    """What Go's glob matches."""
    assert re.fullmatch(go_pattern(glob), path, re.DOTALL)


@pytest.mark.requirement("buildpack.slices.globs")
@pytest.mark.parametrize(("glob", "path"), _MISSES)
def test_go_pattern_does_not_match(glob: str, path: str) -> None:
    """What Go's glob does not match."""
    assert None is re.fullmatch(go_pattern(glob), path, re.DOTALL)


@given(glob=st.text("ab*?[]^-\\/.é", max_size=8))
def test_go_pattern_is_always_a_pattern(glob: str) -> None:
    """No glob of a buildpack breaks the export."""
    re.compile(go_pattern(glob))


_APP = ("README.md", "static", "static/a.css", "static/img", "static/img/x.png", "web.py")


def _split(*slices: str) -> list[str]:
    return [" ".join(part) for part in split_app(_APP, [Slice(paths=tuple(one.split())) for one in slices])]


def test_split_gives_a_directory_with_everything_below() -> None:
    """A directory that matches brings its contents."""
    assert ["static static/a.css static/img static/img/x.png", "README.md web.py"] == _split("static")


@pytest.mark.requirement("buildpack.slices.removed", "buildpack.slices.in-order")
def test_split_gives_a_path_to_the_first_slice_that_takes_it() -> None:
    """What is taken is gone for later slices and the rest."""
    assert ["README.md", "static/a.css", "static static/img static/img/x.png web.py"] == _split(
        "*.md", "*.md static/*.css"
    )


def test_split_takes_a_directory_that_lost_everything_with_it() -> None:
    """A directory all of whose contents were taken is in no later part, as in the reference."""
    assert ["static/a.css static/img static/img/x.png", "", "README.md web.py"] == _split("static/*", "static")
    assert ["static/img/x.png", "static/a.css", "README.md web.py"] == _split("static/img/*", "static/a.css")


def test_split_keeps_empty_directories() -> None:
    """A directory that never held anything is a thing of its own."""
    assert ((), ("empty",)) == split_app(("empty",), [Slice(paths=("nothing",))])


def test_split_of_all_leaves_nothing() -> None:
    """The rest may be empty; of an empty app it is the app directory."""
    assert (" ".join(_APP), "") == tuple(_split("*"))
    assert ((), ("",)) == split_app((), [Slice(paths=("*",))])


@pytest.mark.requirement("buildpack.slices.empty")
def test_split_without_globs_takes_nothing() -> None:
    """A slice may be empty."""
    assert ["", " ".join(_APP)] == _split("")


_globs = st.lists(st.sampled_from(["*", "static", "static/*", "static/img", "*.md", "web.py", "**", "x"]), max_size=3)


@given(slices=st.lists(_globs.map(lambda globs: Slice(paths=tuple(globs))), max_size=3))
def test_split_gives_each_file_once(slices: list[Slice]) -> None:
    """Nothing is lost and nothing is twice, whatever the globs."""
    parts = split_app(_APP, slices)

    files = {"README.md", "static/a.css", "static/img/x.png", "web.py"}
    assert len(slices) + 1 == len(parts)
    assert sorted(files) == sorted(path for part in parts for path in part if path in files)


def test_list_tree_gives_parents_first_and_follows_no_link(tmp_path: Path) -> None:
    """Relative paths of everything, links as themselves."""
    tree = write_tree(tmp_path / "t", {"b/c": "", "a": "-> b", "b-a": "", "e/": ""})

    assert ["a", "b", "b/c", "b-a", "e"] == list(list_tree(tree))
