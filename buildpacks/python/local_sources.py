"""What is installed from the app's own source: where it is, whether it changed, and what installing it leaves there.

Package managers build such a project where it is, and leave ``build`` and ``*.egg-info`` beside it. These are removed
again: they would be in the image after one build, and not after the next, which has nothing to install.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildpacks.sdk import ExplainedError, names_in, parse_toml, read_bytes_if_present, sha256_of

_PROJECT_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_BY_PRODUCTS = frozenset({".eggs", "__pycache__", "build"})
_BY_PRODUCT_SUFFIX = ".egg-info"
_NO_SOURCE = frozenset({".git"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSource:
    """A directory or an archive of the app that is installed. An editable one is used where it is."""

    path: Path
    is_editable: bool = False


def digest_sources(sources: Iterable[LocalSource]) -> str:
    """Give one digest of all that is installed from the app's source; empty when there is nothing."""
    parts = [f"{source.path}\0{_digest(source)}" for source in sorted(sources, key=lambda one: str(one.path))]
    return sha256_of("\n".join(parts).encode()) if parts else ""


def sources_in_lock(app_dir: Path, data: bytes) -> tuple[LocalSource, ...]:
    """List the local sources in a ``uv.lock`` or ``poetry.lock``; a file that is broken is its tool's to explain."""
    try:
        packages = parse_toml(data.decode(), app_dir).data.get("package", [])
        found = [_in_lock(package.get("source", {}), package) for package in packages]
    except (ExplainedError, ValueError, AttributeError, TypeError):
        return ()
    return tuple(
        LocalSource(path=app_dir / path, is_editable=editable) for path, editable in found if isinstance(path, str)
    )


def sources_in_pipfile_lock(app_dir: Path, data: bytes) -> tuple[LocalSource, ...]:
    """List the local sources in a ``Pipfile.lock``."""
    import json

    try:
        document = json.loads(data)
        packages = [one for group in ("default", "develop") for one in document.get(group, {}).values()]
        found = [(one.get("path") or one.get("file"), bool(one.get("editable"))) for one in packages]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ()
    return tuple(
        LocalSource(path=app_dir / path, is_editable=editable)
        for path, editable in found
        if isinstance(path, str) and "://" not in path
    )


@contextmanager
def clean_source(app_dir: Path) -> Iterator[list[str]]:
    """Remove by-products that the block leaves in the app; the list then names what else is new there."""
    before = set(_walk(app_dir))
    left: list[str] = []
    yield left
    import shutil

    for path in sorted(set(_walk(app_dir)) - before):
        if not path.is_symlink() and path.is_dir() and _is_by_product(path.name):
            shutil.rmtree(path)
    left.extend(str(path.relative_to(app_dir)) for path in sorted(set(_walk(app_dir)) - before) if not path.is_dir())


def _in_lock(source: dict[str, Any], package: dict[str, Any]) -> tuple[Any, bool]:
    if source.get("type") in {"directory", "file"}:  # Poetry
        return source.get("url"), bool(package.get("develop"))
    if "editable" in source:  # uv, as the rest
        return source["editable"], True
    return source.get("directory") or source.get("path"), False


def _digest(source: LocalSource) -> str:
    if source.is_editable:
        contents = [read_bytes_if_present(source.path / name) or b"" for name in _PROJECT_FILES]
        modules = [name for place in (source.path, source.path / "src") for name in _modules(place)]
        return sha256_of(b"\0".join([*contents, "\0".join(modules).encode()]))
    if not source.path.is_dir():
        return sha256_of(read_bytes_if_present(source.path) or b"")
    files = sorted(path for path in _walk(source.path) if path.is_file())
    parts = [f"{path.relative_to(source.path)}\0{sha256_of(path.read_bytes())}" for path in files]
    return sha256_of("\n".join(parts).encode())


def _modules(place: Path) -> list[str]:
    return [
        name
        for name in names_in(place)
        if name.endswith(".py") or ((place / name).is_dir() and not _is_by_product(name))
    ]


def _walk(directory: Path) -> Iterator[Path]:
    import os

    for root, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name not in _NO_SOURCE or root != str(directory)]
        yield from (Path(root, name) for name in (*directories, *files))


def _is_by_product(name: str) -> bool:
    return name in _BY_PRODUCTS or name.endswith(_BY_PRODUCT_SUFFIX)
