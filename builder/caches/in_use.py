"""Whether builds and runs are under way: while one is, what they may stand on is not pruned."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_LOCK = ".in-use"


@contextlib.contextmanager
def in_use(cache: Path) -> Iterator[None]:
    """Say that this process uses what is below ``cache``, as long as the block lasts; waits for a pruning to end."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone(cache: Path) -> Iterator[bool]:
    """Keep builds and runs out as long as the block lasts; False when one is under way, which is not waited for."""
    try:
        lock = os.open(cache / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        yield True  # nothing was ever kept here
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)


def mark_used(path: Path) -> None:
    """Note on what is kept that it was used now."""
    with contextlib.suppress(OSError):  # somebody else's: then it is not ours to prune, either
        os.utime(path)
