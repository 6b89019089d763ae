"""Versions of Kubernetes."""

from __future__ import annotations

import pytest

from builder.errors import KubernetesVersionError
from builder.kubernetes.kubernetes_version import Feature, KubernetesVersion, parse_kubernetes_version


@pytest.mark.parametrize(
    ("text", "minor"), [("1.37", 37), ("v1.30", 30), ("1.29.4", 29), ("v1.33.2-gke.100", 33), ("1.99", 99)]
)
def test_parse(text: str, minor: int) -> None:
    """Versions are read as kubectl and providers print them; newer ones than we know as well."""
    assert parse_kubernetes_version(text) == KubernetesVersion(minor)


@pytest.mark.parametrize("text", ["", "1", "2.0", "1.x", "1.24", "latest", "1.37\n"])
def test_parse_invalid(text: str) -> None:
    """No version, or one that is too old to be checked, is an error."""
    with pytest.raises(KubernetesVersionError):
        parse_kubernetes_version(text)


def test_sleep_is_off_where_it_is_alpha() -> None:
    """1.29 has the sleep in its schema, but an API server of 1.29 drops it."""
    assert not KubernetesVersion(29).has(Feature.PRE_STOP_SLEEP)
    assert KubernetesVersion(30).has(Feature.PRE_STOP_SLEEP)
