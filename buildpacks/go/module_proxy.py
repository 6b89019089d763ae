"""GOPROXY as Go reads it, as far as fetching a toolchain needs it."""

from __future__ import annotations

import re

from buildpacks.go.errors import NoModuleProxyError

_DEFAULT = "https://proxy.golang.org"
_SCHEMES = ("https://", "http://", "file://")


def proxies_of(setting: str) -> tuple[str, ...]:
    """Give the addresses in GOPROXY, up to ``off``, without slashes at their ends. Each is for what those before lack.

    Raises:
        NoModuleProxyError: there is none, as with ``off`` or ``direct`` alone.
    """
    words = [word.strip() for word in re.split(r"[,|]", setting.strip() or _DEFAULT)]
    allowed = words[: words.index("off")] if "off" in words else words
    found = tuple(word.rstrip("/") for word in allowed if word.startswith(_SCHEMES))
    if not found:
        raise NoModuleProxyError(setting=setting)
    return found
