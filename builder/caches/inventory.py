"""What is kept, with size and time of the last use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from builder.places import Places

_HASH_LENGTH = len("-12345678")


class Kind(StrEnum):
    """What an entry is for."""

    APP = "app"
    ROOT = "base image"
    RUN = "run"
    BUILDPACKS = "buildpacks"
    EXTENDED = "extended"
    PACKAGES = "packages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something that is kept and can be deleted as a whole.

    ``size`` is what it takes on disk in bytes, a file with several names counted once; ``used`` is the time of its last
    use in seconds since 1970.
    """

    kind: Kind
    name: str
    paths: tuple[Path, ...]
    size: int
    used: float


def inventory(places: Places) -> tuple[Entry, ...]:
    """List what is kept below the cache directory, the most recently used first."""
    found = [*_apps(places), *_simple(places)]
    return tuple(sorted(found, key=lambda entry: (-entry.used, entry.kind, entry.name)))


def _apps(places: Places) -> Iterator[Entry]:
    """Give each app's layers together with the unpacked trees that go with them."""
    trees = {path.name: path for path in _directories(places.cache / "trees")}
    for directory in _directories(places.cache / "apps"):
        tree = trees.pop(places.trees(directory).name, None)
        yield _entry(Kind.APP, directory.name[:-_HASH_LENGTH], (directory, *((tree,) if tree else ())))
    # These belong to a cache that is elsewhere (--cache), or no more.
    for tree in trees.values():
        yield _entry(Kind.APP, tree.name[:-_HASH_LENGTH], (tree,))


def _simple(places: Places) -> Iterator[Entry]:
    for kind, directory in (
        (Kind.ROOT, places.roots),
        (Kind.RUN, places.runs),
        (Kind.BUILDPACKS, places.buildpacks),
        (Kind.EXTENDED, places.extended),
    ):
        for path in _directories(directory):
            yield _entry(kind, path.name.removeprefix("sha256-")[:12], (path,))
    if places.stacks.is_dir():
        yield _entry(Kind.PACKAGES, "for base images", (places.stacks,))


def _directories(directory: Path) -> Iterator[Path]:
    if is_ours(directory):
        yield from sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))


def is_ours(directory: Path) -> bool:
    """Tell whether a directory is here; where a link stands in its place, its contents are somebody else's, too."""
    return directory.is_dir() and not directory.is_symlink()


def _entry(kind: Kind, name: str, paths: tuple[Path, ...]) -> Entry:
    used = max(path.stat().st_mtime for path in paths)
    return Entry(kind=kind, name=name, paths=paths, size=disk_size(paths), used=used)


def disk_size(paths: tuple[Path, ...]) -> int:
    """Add up what files and directories take on disk; what vanishes meanwhile takes nothing."""
    seen: set[tuple[int, int]] = set()
    size = 0
    waiting = [os.fspath(path) for path in paths]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if (status.st_dev, status.st_ino) not in seen:
                        seen.add((status.st_dev, status.st_ino))
                        size += status.st_blocks * 512
        except FileNotFoundError:
            continue
    return size
