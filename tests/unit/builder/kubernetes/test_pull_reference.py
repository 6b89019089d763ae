"""What a cluster pulls."""

from __future__ import annotations

import pytest

from builder.errors import PullReferenceError
from builder.kubernetes.pull_reference import PullReference, pull_reference

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("override", "text"),
    [
        (None, f"team/shop@{DIGEST}"),
        ("registry.example:5000/shop", f"registry.example:5000/shop@{DIGEST}"),
        ("registry.example/a/shop:1.4", f"registry.example/a/shop@{DIGEST}"),
        ("[::1]:5000/shop", f"[::1]:5000/shop@{DIGEST}"),
        (f"ghcr.io/shop@{OTHER}", f"ghcr.io/shop@{OTHER}"),
        (f"ghcr.io/shop:1@{OTHER}", f"ghcr.io/shop@{OTHER}"),
    ],
)
def test_reference_always_has_a_digest(override: str | None, text: str) -> None:
    """A tag is dropped, since the digest decides; a digest the user gives wins."""
    reference = pull_reference("team/shop:latest", DIGEST, override)

    expected = PullReference(text=text, digest=text.partition("@")[2], given=override is not None)
    assert reference == expected


@pytest.mark.parametrize(
    "override", ["", "Shop", "a b", "ghcr.io/", "docker://ghcr.io/shop", "shop@sha256:12", "shop\n"]
)
def test_reference_invalid(override: str) -> None:
    """What no cluster could pull is refused."""
    with pytest.raises(PullReferenceError):
        pull_reference("shop:latest", DIGEST, override)
