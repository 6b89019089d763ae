"""Bringing buildpacks from elsewhere here: archives checked against their digest, repositories at one commit.

Each is kept below the cache by what it was verified by, so that it is fetched once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.caches.in_use import mark_used
from builder.choice.reference import Archive, Repository
from builder.choice.wanted import Wanted
from builder.errors import BuildpackRepositoryError, UnpinnedBuildpackError
from buildpacks.sdk import ChecksumMismatchError, download, sha256_of, unpack

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch_archive(archive: Archive, wanted: Wanted, cache: Path) -> Path:
    """Download and unpack an archive.

    Raises:
        UnpinnedBuildpackError: its address names no digest; the error has the one to add.
        ChecksumMismatchError, DownloadFailedError, DownloadNotFoundError, UnsafeArchiveError: as they say.
    """
    kept = cache / f"fetched-{archive.sha256[:32]}"
    if _SHA256.fullmatch(archive.sha256) and kept.is_dir():
        mark_used(kept)
        return kept
    with _partial(cache) as partial:
        file = partial / "archive"
        try:
            download(archive.url, archive.sha256, file)
        except ChecksumMismatchError as error:
            if archive.sha256:
                raise
            raise UnpinnedBuildpackError(url=archive.url, place=wanted.place, sha256=error.actual) from None
        return _keep(file, partial / "tree", kept)


def unpack_local(file: Path, cache: Path) -> Path:
    """Unpack an archive of this machine; kept by its digest."""
    kept = cache / f"fetched-{sha256_of(file.read_bytes())[:32]}"
    if kept.is_dir():
        mark_used(kept)
        return kept
    with _partial(cache) as partial:
        return _keep(file, partial / "tree", kept)


def fetch_repository(repository: Repository, wanted: Wanted, cache: Path) -> tuple[Path, str]:
    """Check out a repository at its commit, or at the one a branch or tag names now; gives the commit, too.

    Raises:
        BuildpackRepositoryError: git cannot get it; its words are kept.
    """
    commit = repository.ref if _COMMIT.fullmatch(repository.ref) else _resolve(repository, wanted)
    kept = cache / f"fetched-{sha256_of(f'{repository.url}#{commit}'.encode())[:32]}"
    if kept.is_dir():
        mark_used(kept)
        return kept, commit
    with _partial(cache) as partial:
        tree = partial / "tree"
        tree.mkdir()
        _git(repository, wanted, "init", "--quiet", cwd=tree)
        # git checks that what it receives is this commit.
        _git(repository, wanted, "fetch", "--quiet", "--depth=1", "--", repository.url, commit, cwd=tree)
        _git(repository, wanted, "checkout", "--quiet", "--detach", commit, cwd=tree)
        shutil.rmtree(tree / ".git")
        return _settle(tree, kept), commit


def _resolve(repository: Repository, wanted: Wanted) -> str:
    lines = _git(repository, wanted, "ls-remote", "--", repository.url, repository.ref or "HEAD").splitlines()
    # An annotated tag is listed twice: its own object, and "^{}", the commit it names.
    named = [line.split("\t") for line in lines if "\t" in line]
    commits = [commit for commit, name in named if name.endswith("^{}")] or [commit for commit, _ in named]
    if not commits:
        problem = f"it has no branch or tag '{repository.ref}'"
        raise BuildpackRepositoryError(url=repository.url, place=wanted.place, problem=problem)
    return commits[0]


def _git(repository: Repository, wanted: Wanted, *arguments: str, cwd: Path | None = None) -> str:
    protocols = {"GIT_ALLOW_PROTOCOL": "https:http:ssh:file" if wanted.trusted else "https"}
    environ = {**os.environ, **protocols, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
    try:
        done = subprocess.run(["git", *safe, *arguments], cwd=cwd, env=environ, capture_output=True, check=False)
    except FileNotFoundError:
        raise BuildpackRepositoryError(url=repository.url, place=wanted.place, problem="git is not installed") from None
    if done.returncode != 0:
        problem = done.stderr.decode(errors="replace").strip()
        raise BuildpackRepositoryError(url=repository.url, place=wanted.place, problem=problem)
    return done.stdout.decode(errors="replace")


def _keep(archive: Path, tree: Path, kept: Path) -> Path:
    unpack(archive, tree)
    inside = list(tree.iterdir())
    # Archives of repositories hold one directory with everything in it.
    only = inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != "bin" else tree
    return _settle(only, kept)


def _settle(tree: Path, kept: Path) -> Path:
    try:
        tree.rename(kept)
    except OSError:
        if not kept.is_dir():  # else another build was quicker, with the same contents
            raise
    return kept


@contextmanager
def _partial(cache: Path) -> Iterator[Path]:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=cache) as name:
        yield Path(name)
