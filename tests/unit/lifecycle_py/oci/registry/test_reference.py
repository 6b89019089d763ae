"""Names of images in registries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_py.oci.errors import RegistryReferenceError
from lifecycle_py.oci.registry.reference import address, is_loopback, is_private_address, parse_reference

_DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3", "docker.io/library/alpine:3"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/team/app:1", "docker.io/team/app:1"),
        ("ghcr.io/team/app:1", "ghcr.io/team/app:1"),
        ("GHCR.io/team/app", "ghcr.io/team/app:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("docker://ghcr.io/team/app:1", "ghcr.io/team/app:1"),
        (f"ghcr.io/team/app:1@{_DIGEST}", f"ghcr.io/team/app@{_DIGEST}"),
    ],
)
def test_a_short_name_is_docker_hub_s(text: str, full: str) -> None:
    """The rules are those of Docker."""
    assert full == str(parse_reference(text))


@pytest.mark.parametrize(
    "text",
    ["", ":", "@", "a:", "a@b", "a@sha256:00", "Team/App", "ghcr.io/", "ghcr.io/a b", "a:-", "a..b", "../x", "-a.b/c"],
)
def test_a_name_that_is_none_is_told(text: str) -> None:
    """No request is made with it."""
    with pytest.raises(RegistryReferenceError):
        parse_reference(text)


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_an_error(text: str) -> None:
    """A reference that was read is read again as the same."""
    try:
        reference = parse_reference(text)
    except RegistryReferenceError:
        return
    assert reference.digest or reference == parse_reference(str(reference))


def test_hosts() -> None:
    """What answers for Docker Hub, and what is this machine or a private network."""
    assert ("registry-1.docker.io", "ghcr.io") == (address("docker.io"), address("ghcr.io"))
    loopback = ["localhost", "localhost:1", "127.0.0.1:1", "127.3.2.1", "[::1]:1", "x.localhost"]
    assert [True] * len(loopback) == [is_loopback(host) for host in loopback]
    assert [False] * 4 == [is_loopback(host) for host in ("10.0.0.1", "localhost.org", "127.0.0.1.org", "ghcr.io")]
    assert [True] * 3 == [is_private_address(host) for host in ("169.254.169.254", "10.1.2.3:80", "[fe80::1]")]
    assert [False] * 2 == [is_private_address(host) for host in ("8.8.8.8", "ghcr.io")]
