"""The pure modules the lifecycle is made of: its own, and those of the libraries it imports, as sources."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

Sources = Mapping[str, tuple[bool, str]]
"""Module name → (is it a package, its text)."""

_LIBRARIES: Final = ("tomli_w", "urllib3", "docker", "requests", "idna", "charset_normalizer")
_NOT_NEEDED: Final = ("lifecycle_py.packaging", "lifecycle_py.launcher.build")

# requests asks this for the file of trusted authorities: the build image's, not a copy that nobody updates.
_CERTIFI: Final = '''\
"""The authorities that this system trusts."""
import os
import ssl


def where():
    """Give their file."""
    return os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().openssl_cafile
'''


def collect_sources() -> dict[str, Sources]:
    """Give the modules by top-level name, sorted."""
    collected = {name: package_sources(_directory(name), name) for name in ("lifecycle_py", *_LIBRARIES)}
    return {**collected, "certifi": {"certifi": (True, _CERTIFI)}}


def package_sources(directory: Path, name: str) -> Sources:
    """Give the modules of a package's directory."""
    return dict(_walk(directory, name))


def _walk(directory: Path, name: str) -> Iterator[tuple[str, tuple[bool, str]]]:
    for file in sorted(directory.rglob("*.py")):
        parts = file.relative_to(directory).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join((name, *(parts[:-1] if is_package else parts)))
        if not any(module == one or module.startswith(f"{one}.") for one in _NOT_NEEDED):
            yield module, (is_package, file.read_text(encoding="utf-8"))


def _directory(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(name)
    return Path(found.origin).parent
