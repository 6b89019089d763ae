"""The registries of a command: which hosts may be insecure, and which are asked first in place of others."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from builder.errors import RegistryHostError

if TYPE_CHECKING:
    from lifecycle_py.oci.registry_store import RegistryStore

MIRRORS_VARIABLE: Final = "OFFRAMP_REGISTRY_MIRRORS"
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")


def open_registries(insecure: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> RegistryStore:
    """Give the store of all registries.

    Raises:
        RegistryHostError: what should be ``HOST[:PORT]`` is not.
    """
    from lifecycle_py.oci.registry.credentials import Keychain
    from lifecycle_py.oci.registry.settings import settings_from_environment
    from lifecycle_py.oci.registry_store import RegistryStore

    settings = replace(
        settings_from_environment(environ),
        insecure=frozenset(_host(text, "--insecure-registry") for text in insecure),
        mirrors=read_mirrors(environ.get(MIRRORS_VARIABLE, "")),
    )
    return RegistryStore(settings, Keychain(environ))


def read_mirrors(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``docker.io=mirror.example.com,ghcr.io=mirror.example.com:5000``; a host's mirrors keep their order.

    Raises:
        RegistryHostError: a part has another form.
    """
    mirrors: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        host, _, mirror = part.partition("=")
        host = _host(host, MIRRORS_VARIABLE, part)
        mirrors[host] = (*mirrors.get(host, ()), _host(mirror, MIRRORS_VARIABLE, part))
    return mirrors


def _host(text: str, source: str, whole: str = "") -> str:
    if not _HOST.fullmatch(text):
        raise RegistryHostError(text=whole or text, setting=source)
    return text.lower()
