"""The declaration of base images."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.stacks.stack_toml import Stack, parse_stack, read_stack
from lifecycle_py.spec.errors import TomlValueError
from lifecycle_py.spec.toml_file import parse_toml

DOCUMENT = """
id = "example.tiny"
suite = "trixie"
[distro]
name = "debian"
version = "13"
[user]
name = "app"
uid = 1000
gid = 1000
home = "/app"
[run]
packages = ["curl"]
[build]
packages = ["gcc"]
"""


def _parse(text: str) -> Stack:
    return parse_stack(parse_toml(text, Path("stack.toml")))


def test_parse_smallest() -> None:
    """What may be absent is empty."""
    stack = _parse(DOCUMENT)

    assert (stack.short_name, stack.run_packages, stack.build_packages) == ("tiny", ("curl",), ("gcc",))
    assert (stack.locales, stack.mirrors, dict(stack.env)) == ((), (), {})


def test_default_stack_is_valid_and_names_no_mirror() -> None:
    """The declaration in the package can be read, and leaves the choice of mirrors to the host."""
    stack = read_stack()

    assert stack.id == "offramp.debian-13"
    assert stack.mirrors == ()
    assert not set(stack.run_packages) & set(stack.build_packages)


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        ('suite = "trixie"', 'siute = "trixie"', "siute", "Did you mean 'suite'"),
        ('suite = "trixie"', "", "suite", "missing"),
        ('["curl"]', '["Curl"]', "run.packages", "'Curl' is not allowed here"),
        ('["curl"]', '["curl --force-yes"]', "run.packages", "not allowed"),
        ('["curl"]', '["curl", "curl"]', "run.packages", "named twice: curl"),
        ("uid = 1000", "uid = 0", "user.uid", "never run as root"),
        ('home = "/app"', 'home = "app"', "user.home", "absolute path"),
        ('name = "app"', 'name = "a:b"', "user.name", "system user's name"),
        ('"example.tiny"', '"a b"', "id", "letters"),
    ],
)
def test_parse_refuses(before: str, after: str, key: str, words: str) -> None:
    """A mistake is named with its key, its rule and what was probably meant."""
    with pytest.raises(TomlValueError) as caught:
        _parse(DOCUMENT.replace(before, after))
    explanation = caught.value.explain()

    assert caught.value.key == key
    assert words in " ".join((explanation.what, explanation.why, *explanation.fix))
