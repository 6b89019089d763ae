"""Where gems come from, as Bundler's own settings say: mirrors and credentials, from the environment or .bundle/config.

The settings are Bundler's: ``BUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG/`` or ``BUNDLE_MIRROR__ALL`` name a mirror, and
``BUNDLE_GEMS__EXAMPLE__COM`` holds ``user:password`` for a host. Only what fetches Bundler itself needs this file; for
gems Bundler reads them by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

RUBYGEMS = "https://rubygems.org"
_MIRROR = "BUNDLE_MIRROR__"


def parse_bundle_config(text: str) -> dict[str, str]:
    """Read ``.bundle/config``: a line for each setting, ``NAME: "value"``, as Bundler writes it. Pure."""
    settings = {}
    for line in text.splitlines():
        name, colon, value = line.partition(": ")
        if colon and name.startswith("BUNDLE_"):
            settings[name] = value.strip().strip("\"'")
    return settings


def rubygems_source(settings: Mapping[str, str]) -> str:
    """Give the address gems of rubygems.org are fetched from, with its credentials, without a slash at its end."""
    names = (f"{_MIRROR}{_key(RUBYGEMS)}/", f"{_MIRROR}{_key(RUBYGEMS)}", f"{_MIRROR}ALL")
    mirror = next((settings[name] for name in names if settings.get(name)), RUBYGEMS)
    return with_credentials(mirror.rstrip("/"), settings)


def with_credentials(url: str, settings: Mapping[str, str]) -> str:
    """Add what the settings say for an address or its host, unless the address has credentials of its own."""
    scheme, separator, rest = url.partition("://")
    host = rest.partition("/")[0]
    if "@" in host:
        return url
    known = (
        settings.get(f"BUNDLE_{_key(url)}/")
        or settings.get(f"BUNDLE_{_key(url)}")
        or settings.get(f"BUNDLE_{_key(host)}")
    )
    return f"{scheme}{separator}{known}@{rest}" if known else url


def _key(text: str) -> str:
    """Spell an address as Bundler does in names of settings: upper case, ``__`` for a dot, ``___`` for a dash."""
    return text.upper().replace("-", "___").replace(".", "__")
