"""Which Python ``Pipfile.lock`` asks for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.python.errors import InvalidPipfileLockError, InvalidPipfileVersionError
from buildpacks.python.pipfile_lock import parse_requires
from buildpacks.python.version_files import WantedVersion


def _lock(**requires: object) -> bytes:
    return json.dumps({"_meta": {"requires": requires}, "default": {}}).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_lock(), None),
        (b"{}", None),
        (_lock(python_version="3.12"), WantedVersion(3, 12)),
        (_lock(python_full_version="3.12.4"), WantedVersion(3, 12, 4)),
        (_lock(python_version="3.11", python_full_version="3.12.4"), WantedVersion(3, 12, 4)),
    ],
)
def test_parse_requires(data: bytes, expected: WantedVersion | None) -> None:
    """The full version comes before the release line; without either there is no request."""
    assert parse_requires(data) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("python_version", "3.12.4"),
        ("python_version", ">=3.9"),
        ("python_version", "*"),
        ("python_version", 3.12),
        ("python_version", "3.12\x1b[1m"),
        ("python_full_version", "3.12"),
    ],
)
def test_parse_requires_invalid_version(field: str, value: object) -> None:
    """A version of another form is an error that quotes it, without control characters, and names the right form."""
    with pytest.raises(InvalidPipfileVersionError) as caught:
        parse_requires(_lock(**{field: value}))

    assert field in caught.value.explain().why
    assert "\x1b" not in caught.value.explain().why


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"_meta": []}', b'{"_meta": {"requires": 3}}', b"\xff", b"[" * 99999]
)
def test_parse_requires_broken(data: bytes) -> None:
    """What is not Pipenv's own form is an error that says to lock again."""
    with pytest.raises(InvalidPipfileLockError) as caught:
        parse_requires(data)

    assert "pipenv lock" in caught.value.explain().fix[0]


@given(st.recursive(st.none() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_parse_requires_never_crashes(meta: object) -> None:
    """Whatever the JSON, it gives a version, nothing, or an explained error."""
    for document in (meta, {"_meta": meta}, {"_meta": {"requires": meta}}):
        try:
            result: object = parse_requires(json.dumps(document).encode())
        except (InvalidPipfileLockError, InvalidPipfileVersionError) as error:
            result = error.explain().what
        assert result is None or isinstance(result, WantedVersion | str)
