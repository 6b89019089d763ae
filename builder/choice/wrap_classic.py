"""Wrapping a classic Heroku buildpack: our adapter with the classic one beside it, under an id of its own.

With an id of its own, each of several classic buildpacks has its own layers and cache.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from builder.build.staging import CLASSIC
from builder.caches.in_use import mark_used
from builder.images.builder_toml import own_buildpack
from lifecycle_py.spec.toml_file import read_toml, write_toml

_ADAPTER = "heroku_classic"  # a staged buildpack imports itself by the name of its directory
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9.-]+")
_ENDINGS = (".git", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip")


def is_classic(directory: Path) -> bool:
    """Tell a classic buildpack from a cloud native one; a directory that is both is taken as the latter.

    A buildpack.toml says nothing: classic ones have it, too, for Heroku's registry.
    """
    return (directory / "bin" / "compile").is_file() and not (directory / "bin" / "build").is_file()


def wrap_classic(directory: Path, name: str, cache: Path) -> Path:
    """Give a cloud native buildpack that runs the classic one, making it unless it is there already.

    Args:
        directory: the classic buildpack.
        name: what it is called; its id becomes ``classic/<name>``.
        cache: where wrapped ones are kept, by their contents.
    """
    adapter = own_buildpack(_ADAPTER)
    if adapter is None:
        raise ModuleNotFoundError(_ADAPTER)
    own = tree_digest(directory)
    kept = cache / f"classic-{hashlib.sha256(f'{name}{own}{tree_digest(adapter)}'.encode()).hexdigest()[:32]}"
    if kept.is_dir():
        mark_used(kept)
        return kept / _ADAPTER
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=cache) as temporary:
        partial = Path(temporary, "wrapped")
        wrapped = partial / _ADAPTER
        shutil.copytree(adapter, wrapped, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(directory, wrapped / CLASSIC, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        _describe(wrapped, name, own)
        try:
            partial.rename(kept)
        except OSError:
            if not kept.is_dir():  # else another build was quicker, with the same contents
                raise
    return kept / _ADAPTER


def classic_name(reference: str) -> str:
    """Give a classic buildpack's name from what it was asked for by: the last part of a path or address.

    ``https://example.com/me/heroku-buildpack-x.git#v1`` is ``heroku-buildpack-x``.
    """
    last = reference.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    ending = next((one for one in _ENDINGS if last.endswith(one)), "")
    return _NOT_IN_IDS.sub("-", last.removesuffix(ending)).strip("-.") or "buildpack"


def tree_digest(directory: Path) -> str:
    """Digest the names, contents, links and rights of a tree, but for git's own files and compiled modules."""
    digest = hashlib.sha256()
    for path in _files(directory):
        status = path.lstat()
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        facts = f"\0{path.relative_to(directory)}\0{status.st_mode & 0o170111:o}\0{len(content)}\0"
        digest.update(facts.encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()


def _describe(wrapped: Path, name: str, digest: str) -> None:
    """Write its buildpack.toml. The version is a number made of the contents, since classic buildpacks have none."""
    file = wrapped / "buildpack.toml"
    document = read_toml(file).data
    own = {"id": f"classic/{name}", "name": name, "version": f"0.0.{int(digest[:8], 16)}"}
    write_toml(file, {**document, "buildpack": {**document["buildpack"], **own}})


def _files(directory: Path) -> Iterator[Path]:
    for parent, directories, files in os.walk(directory):
        directories[:] = sorted(name for name in directories if name not in {".git", "__pycache__"})
        links = [name for name in directories if Path(parent, name).is_symlink()]
        for name in sorted([*files, *links]):
            yield Path(parent, name)
