"""A tree as dependencies are: 20,000 files and 300 MB of programs, libraries, modules and data, always the same ones.

They are copies of files of the default build image, chosen by the hash of their path, so that everyone who has this
image measures the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

_SLACK: Final = 8_000_000  # how far a large file may lead over the average


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleTree:
    """What was made."""

    directory: Path
    files: int
    size: int


def make_sample_tree(source: Path, directory: Path, *, files: int = 20_000, size: int = 300_000_000) -> SampleTree:
    """Copy ``files`` files of ``size`` bytes altogether from ``source`` below ``directory``."""
    made, written = 0, 0
    for file, place in _endless(source, directory):
        length = file.stat().st_size
        if written + length > min(size, size * (made + 1) // files + _SLACK):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
        made, written = made + 1, written + length
        if made == files:
            break
    return SampleTree(directory=directory, files=made, size=written)


def _endless(source: Path, directory: Path) -> Iterator[tuple[Path, Path]]:
    """Give each file and its copy's place, in an order that mixes everything, again and again."""
    found = sorted(_regular_files(source), key=lambda path: hashlib.sha256(os.fsencode(path)).digest())
    for turn in count():
        for path in found:
            yield source / path, directory / f"copy-{turn}" / path


def _regular_files(source: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(source):
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(source)
