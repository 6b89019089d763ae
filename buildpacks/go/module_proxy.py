"""GOPROXY as Go reads it, as far as fetching a toolchain needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from buildpacks.go.errors import NoModuleProxyError

VARIABLE = "GOPROXY"
_DEFAULT = "https://proxy.golang.org"
_SCHEMES = ("https://", "http://", "file://")


def proxy_of(environment: Mapping[str, str]) -> str:
    """Give the first address of GOPROXY, without a slash at its end.

    Raises:
        NoModuleProxyError: it has none: it is ``off`` or ``direct``.
    """
    setting = environment.get(VARIABLE, "").strip() or _DEFAULT
    for entry in re.split(r"[,|]", setting):
        word = entry.strip()
        if word == "off":
            break
        if word.startswith(_SCHEMES):
            return word.rstrip("/")
    raise NoModuleProxyError(setting=setting)
