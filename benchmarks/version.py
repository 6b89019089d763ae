"""Does ``offramp --version`` start about as fast as Python itself?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Finding, Settings, in_turns, run, times


def measure(settings: Settings) -> Iterator[Finding]:
    """Compare the installed command with an interpreter that does nothing."""
    python = Path(sys.executable)
    timings = in_turns(
        {
            "offramp --version": lambda: run([python.parent / "offramp", "--version"]),
            "python -c pass": lambda: run([python, "-c", "pass"]),
        },
        settings.runs * 10,
    )
    ratio = timings["offramp --version"].median / timings["python -c pass"].median
    yield Finding(question="offramp --version / python -c pass", number=times(ratio), aim="≤ 3 ×", raw=timings)
