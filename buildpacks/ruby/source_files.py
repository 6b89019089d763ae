"""The app's own source as steps of a build see it: one digest of it all, and what a step made or changed.

Times of files and directories are set to what follows from their contents: Sprockets believes that the same time means
the same contents, so one time for all would serve old assets for new, and times of the checkout would waste its cache.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = frozenset({".git", "node_modules"})  # wherever they are
_LEFT_OUT_PATHS = frozenset({"log", "storage", "tmp", "vendor/bundle"})  # of the app itself: lib/log is source
PASSING = ("log", "tmp")  # where programs of the app leave what nobody needs later
# What the lifecycle gives every file of an image: the first second of 1980 in UTC, plus one.
IMAGE_TIME = 315532801
_SPAN = 1_000_000_000  # seconds: times of contents are between 1980 and 2011


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What tells a changed file from an unchanged one."""

    size: int
    mtime_ns: int
    mode: int


def digest_source(app_dir: Path) -> str:
    """Give one digest of paths and contents, and set times by contents on the way."""
    whole = hashlib.sha256()
    for path in source_files(app_dir):
        name = os.fsencode(path.relative_to(app_dir))
        if path.is_symlink():
            whole.update(b"%s\0link\0%s\0" % (name, os.fsencode(path.readlink())))
            continue
        contents = hashlib.sha256(path.read_bytes()).digest()
        whole.update(b"%s\0%d\0%s" % (name, os.access(path, os.X_OK), contents))
        _set_time(path, contents)
    for directory, names, files in os.walk(app_dir, topdown=False):
        _set_time(
            Path(directory), hashlib.sha256("\0".join(sorted([*names, *files])).encode(errors="replace")).digest()
        )
    return whole.hexdigest()


def _set_time(path: Path, digest: bytes) -> None:
    time = IMAGE_TIME + int.from_bytes(digest[:8], "big") % _SPAN
    os.utime(path, (time, time))


def source_files(app_dir: Path) -> Iterator[Path]:
    """Give the files and links of the source, sorted; without what is installed or only written while it runs."""
    for directory, names, files in os.walk(app_dir):
        here = Path(directory)
        entries = [here / name for name in files]
        entries += [here / name for name in names if (here / name).is_symlink() and name not in _LEFT_OUT]
        names[:] = sorted(name for name in names if _belongs(app_dir, here / name))
        yield from sorted(path for path in entries if str(path.relative_to(app_dir)) not in _LEFT_OUT_PATHS)


def _belongs(app_dir: Path, path: Path) -> bool:
    return path.name not in _LEFT_OUT and str(path.relative_to(app_dir)) not in _LEFT_OUT_PATHS


@contextmanager
def leaving_no_trace(app_dir: Path, kept: str = "") -> Iterator[None]:
    """Remove what programs leave in ``log`` and ``tmp``, but for one directory: no other build would have it."""
    before = set(_passing_files(app_dir))
    try:
        yield
    finally:
        for path in set(_passing_files(app_dir)) - before:
            if not (kept and path.is_relative_to(app_dir / kept)):
                path.unlink()


def _passing_files(app_dir: Path) -> Iterator[Path]:
    for name in PASSING:
        yield from (path for path in (app_dir / name).rglob("*") if path.is_file() or path.is_symlink())


def snapshot(app_dir: Path) -> Mapping[Path, Facts]:
    """Take note of every file of the source."""
    found = {}
    for path in source_files(app_dir):
        status = path.lstat()
        found[path.relative_to(app_dir)] = Facts(size=status.st_size, mtime_ns=status.st_mtime_ns, mode=status.st_mode)
    return found


def changed_since(before: Mapping[Path, Facts], app_dir: Path) -> tuple[Path, ...]:
    """Give the files that were made or changed since, relative to the app directory."""
    return tuple(path for path, facts in snapshot(app_dir).items() if before.get(path) != facts)
