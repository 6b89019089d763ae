"""Which proxy a connection takes: ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``, read as Go's tools read them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from lifecycle_py.oci.registry.reference import hostname, is_loopback


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """Give the proxy's URL, or nothing to connect directly."""
    parts = urlsplit(url)
    name = f"{parts.scheme}_proxy"
    # As a CGI program, HTTP_PROXY would be a header of the request; the small one is ours alone.
    proxy = environ.get(name) or environ.get(name.upper()) or ""
    if not proxy or is_loopback(parts.netloc):
        return ""
    if _is_exempt(parts.netloc, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_exempt(netloc: str, rules: str) -> bool:
    return any(_matches(netloc.lower(), rule.strip().lower()) for rule in rules.split(",") if rule.strip())


def _matches(netloc: str, rule: str) -> bool:
    name = hostname(netloc)
    if rule in {"*", netloc, name}:
        return True
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        suffix = rule.removeprefix("*")
        return name.endswith(suffix if suffix.startswith(".") else f".{suffix}") or name == suffix.removeprefix(".")
