"""How things are measured: medians of repeated runs, taken in turns so that a disturbance meets every side alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of several runs of the same thing."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Give the median; with few runs it is less moved by a busy neighbour than a mean."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{human(self.median)} (of {len(self.seconds)}: {human(low)} to {human(high)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One measured number with what it was made from. ``aim`` is what it should be; nothing fails when it is not."""

    question: str
    number: str
    aim: str = ""
    raw: Mapping[str, str | Timing]

    def to_json(self) -> dict[str, Any]:
        """Give the finding with every single run."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What every benchmark is given: how often to measure, and an empty directory that is removed afterwards."""

    runs: int
    scratch: Path


def clock(action: Callable[[], object]) -> float:
    """Give the seconds an action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def in_turns(actions: Mapping[str, Callable[[], object]], runs: int, *, warm_up: bool = True) -> dict[str, Timing]:
    """Measure each action ``runs`` times, one after the other, after an unmeasured turn of all."""
    if warm_up:
        for action in actions.values():
            action()
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            seconds[name].append(clock(action))
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def run(argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run a command that has to succeed; its output is dropped."""
    subprocess.run(list(map(str, argv)), env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def start_bare(argv: tuple[str, ...], env: Mapping[str, str]) -> None:
    """Run a command with as little around it as there can be, to measure commands of a millisecond."""
    process = os.posix_spawn(argv[0], argv, env)
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError(f"'{' '.join(argv)}' ended with status {status}")


def times(ratio: float) -> str:
    """Write a ratio."""
    return f"{ratio:.1f} ×"


def human(seconds: float) -> str:
    """Write a duration."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.2f} ms"


def megabytes(size: int) -> str:
    """Write a size."""
    return f"{size / 1e6:.0f} MB"
