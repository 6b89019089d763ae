"""Deleting what was not used for longest, until the rest is small or young enough."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from builder.build.workspace import remove_unwritable_tree
from builder.caches.in_use import alone
from builder.caches.inventory import Entry, Kind, inventory, is_ours
from builder.caches.quantities import parse_size
from builder.places import Places

LIMIT_VARIABLE: Final = "OFFRAMP_CACHE_MAX"
DEFAULT_LIMIT: Final = "20GB"
_STAMP: Final = ".pruned"
_PAUSE: Final = 3600  # seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What may stay: bytes altogether, and seconds since the last use. None: no limit."""

    size: int | None = None
    age: float | None = None


def cache_limit(environ: Mapping[str, str]) -> int:
    """Read how much may be kept.

    Raises:
        InvalidSizeError: ``OFFRAMP_CACHE_MAX`` is no size.
    """
    return parse_size(environ.get(LIMIT_VARIABLE) or DEFAULT_LIMIT, LIMIT_VARIABLE)


def choose(entries: Sequence[Entry], limits: Limits, now: float) -> tuple[Entry, ...]:
    """Choose what goes: all that is too old, then the least recently used until the rest fits."""
    old = [entry for entry in entries if limits.age is not None and now - entry.used > limits.age]
    rest = sorted((entry for entry in entries if entry not in old), key=lambda entry: entry.used)
    excess = sum(entry.size for entry in rest) - limits.size if limits.size is not None else 0
    for entry in rest:
        if excess <= 0:
            break
        old.append(entry)
        excess -= entry.size
    return tuple(old)


def prune(places: Places, limits: Limits, *, dry_run: bool = False) -> tuple[Entry, ...]:
    """Delete what goes beyond the limits; gives what was deleted, or would be.

    While a build or a run is under way, only caches of apps go: it may stand on the others, and finds its app's layers
    missing at worst.
    """
    with alone(places.cache) as nobody_builds:
        chosen = choose(inventory(places), limits, time.time())
        possible = tuple(entry for entry in chosen if nobody_builds or entry.kind is Kind.APP)
        if dry_run:
            return possible
        if nobody_builds:
            _remove_leftovers(places)
        return tuple(entry for entry in possible if _remove(entry))


def prune_now_and_then(places: Places, limit: int) -> None:
    """Keep within the limit after a build; looks at most once an hour, since looking costs time.

    What was used in the last hour stays, so that no build finds its own cache gone.
    """
    stamp = places.cache / _STAMP
    now = time.time()
    with contextlib.suppress(OSError):  # a cache that cannot be pruned is no reason for a build to fail
        with contextlib.suppress(FileNotFoundError):
            if now - stamp.stat().st_mtime < _PAUSE:
                return
        stamp.touch()
        with alone(places.cache) as nobody_builds:
            entries = inventory(places)
            for entry in choose(entries, Limits(size=limit), now):
                if now - entry.used > _PAUSE and (nobody_builds or entry.kind is Kind.APP):
                    _remove(entry)


def total(entries: Iterable[Entry]) -> int:
    """Add up sizes in bytes."""
    return sum(entry.size for entry in entries)


def _remove(entry: Entry) -> bool:
    """Delete an entry, out of sight first; not one that a build is just writing to."""
    if entry.kind is Kind.APP and _is_written(entry.paths[0] / ".lock"):
        return False
    for path in entry.paths:
        _remove_tree(path)
    return not any(path.exists() for path in entry.paths)


def _remove_leftovers(places: Places) -> None:
    """Delete what killed processes left half made or half deleted, and locks nobody holds; all have hidden names."""
    for directory in (
        places.cache / "apps",
        places.cache / "trees",
        places.roots,
        places.runs,
        places.buildpacks,
        places.extended,
    ):
        for path in directory.glob(".*") if is_ours(directory) else ():
            _remove_tree(path)


def _remove_tree(path: Path) -> None:
    doomed = path.with_name(f".deleted-{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        path.rename(doomed)
        if doomed.is_dir():
            remove_unwritable_tree(doomed)
        else:
            doomed.unlink()


def _is_written(lock_file: Path) -> bool:
    try:
        lock = os.open(lock_file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)
