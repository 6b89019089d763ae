"""Which proxy a connection takes."""

from __future__ import annotations

import pytest

from lifecycle_py.oci.registry.proxies import proxy_for

_PROXIES = {"HTTPS_PROXY": "http://proxy:3128", "http_proxy": "plain:1"}


@pytest.mark.parametrize(
    ("url", "rules", "proxy"),
    [
        ("https://ghcr.io/v2/", "", "http://proxy:3128"),
        ("http://ghcr.io/v2/", "", "http://plain:1"),
        ("https://ghcr.io/v2/", "*", ""),
        ("https://ghcr.io/v2/", "ghcr.io", ""),
        ("https://pkg.ghcr.io/v2/", "other, .ghcr.io", ""),
        ("https://pkg.ghcr.io/v2/", "ghcr.io", ""),
        ("https://myghcr.io/v2/", "ghcr.io", "http://proxy:3128"),
        ("https://ghcr.io:5000/v2/", "ghcr.io:5000", ""),
        ("https://ghcr.io:5000/v2/", "ghcr.io:6000", "http://proxy:3128"),
        ("https://10.1.2.3:5000/v2/", "10.0.0.0/8", ""),
        ("https://11.1.2.3:5000/v2/", "10.0.0.0/8", "http://proxy:3128"),
        ("https://127.0.0.1:5000/v2/", "", ""),
        ("http://localhost:5000/v2/", "", ""),
    ],
)
def test_proxy(url: str, rules: str, proxy: str) -> None:
    """As Go's tools read NO_PROXY: names with all below them, ports, networks; this machine always."""
    assert proxy == proxy_for(url, {**_PROXIES, "NO_PROXY": rules})


def test_no_proxy_is_set() -> None:
    """Directly, then."""
    assert "" == proxy_for("https://ghcr.io/v2/", {})
