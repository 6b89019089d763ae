"""How long do the builds of real apps take: cold, unchanged, a line changed, a dependency changed; and what do they do?

Time in tools is what passes between a buildpack's line that starts one ("Installing dependencies with …", "Running …")
and its next step, as the log is read; bytes are counted by a proxy that has every file already, so the internet's speed
is in no number. For Go, a changed line is also compiled by hand in a warm tree, by the same Go on this host.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Finding, Settings, Timing, clock, human
from tests.end_to_end.test_go_apps import TestGoKit
from tests.end_to_end.test_node_apps import TestExpressWithNpm
from tests.end_to_end.test_python_apps import TestDjangoWithPip, TestFastApiWithUv
from tests.end_to_end.test_rails_monolith import TestMonolith
from tests.support.app_cycle import AppCase, Cycle, Edit, cycle_of, replace_in
from tests.support.offramp import APPS, REPOSITORY

_CASES: Final = (
    TestMonolith.case, TestExpressWithNpm.case, TestDjangoWithPip.case, TestFastApiWithUv.case, TestGoKit.case,
)  # fmt: skip
_TOOL = re.compile(
    r"- (Installing (?!Python|Go |Ruby|Node)|Running |Building |Compiling |Syncing |Downloading |Updating the gems"
    r"|Looking for rake|Removing the packages)"
)
# What changes besides a line and a dependency, by app.
_ASSET: Final[Mapping[str, Edit]] = {
    "rails_monolith": replace_in("app/assets/stylesheets/colours.css", "navy", "teal"),
}
_AIMS: Final = {
    ("python", "unchanged"): "≤ 1.0 s",
    ("python", "line"): "≤ 2 s",
    ("rails", "unchanged"): "≤ 2 s",
    ("rails", "line"): "≤ 3 s",
    ("go", "unchanged"): "≤ 1.0 s",
    ("go", "line"): "≤ go build in a warm tree + 1 s",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """One build as it was seen: seconds in all and in tools, bytes the tools received, layers written anew."""

    seconds: float
    in_tools: float
    received: int
    written: int
    layers: int
    sizes: str


def measure(settings: Settings) -> Iterator[Finding]:
    """Build each app in its four ways, ``settings.runs`` times."""
    for case in _CASES:
        rounds = [_one_round(case) for _ in range(settings.runs)]
        for way in rounds[0]:
            seen = [one[way] for one in rounds]
            total = Timing(tuple(one.seconds for one in seen))
            last = seen[-1]
            yield Finding(
                question=f"{case.app}, {_WAYS[way]}",
                number=human(total.median),
                aim=_AIMS.get((case.app.partition("_")[0], way), ""),
                raw={
                    "all": total,
                    "in tools": Timing(tuple(one.in_tools for one in seen)),
                    "received": f"{last.received / 1e6:.1f} MB",
                    "layers written": f"{last.written} of {last.layers}",
                    "sizes": last.sizes,
                },
            )
    by_hand = Timing(tuple(_go_by_hand(settings.scratch / str(number)) for number in range(settings.runs)))
    yield Finding(
        question="go build in a warm tree, a line changed", number=human(by_hand.median), raw={"all": by_hand}
    )


_SHOWN: Final = 100_000  # bytes: smaller layers are not worth a word
_WAYS: Final = {
    "cold": "cold",
    "unchanged": "unchanged",
    "line": "a line changed",
    "dependency": "a dependency changed",
    "asset": "an asset changed",
}


def _one_round(case: AppCase) -> dict[str, Watched]:
    with cycle_of(case) as warm:  # fills the proxy, and proves that the app builds
        shutil.rmtree(warm.offramp.places.cache / "apps", ignore_errors=True)
        shutil.rmtree(warm.offramp.places.cache / "trees", ignore_errors=True)
        fresh = f"{case.name}-measured"
        return {
            "cold": _watch(warm, fresh),
            "unchanged": _watch(warm, fresh),
            "line": _watch(warm.edited(case.edit), fresh),
            "dependency": _watch(warm.edited(case.depend), fresh),
            **({"asset": _watch(warm.edited(_ASSET[case.app]), fresh)} if case.app in _ASSET else {}),
        }


def _go_by_hand(directory: Path) -> float:
    """Give the seconds that ``go build`` takes for the changed line of the Go kit app, everything else compiled."""
    case = TestGoKit.case
    app = directory / "app"
    shutil.copytree(APPS / case.app, app)
    version = next(line.split()[1] for line in (app / "go.mod").read_text().splitlines() if line.startswith("go "))
    environ = {**os.environ, "GOTOOLCHAIN": f"go{version}", "GOFLAGS": ""}
    command = ["go", "build", "-tags", "heroku", "-trimpath", "-buildvcs=false", "-o", f"{directory}/bin/", "./..."]
    (directory / "bin").mkdir()
    subprocess.run(command, cwd=app, env=environ, check=True, capture_output=True)
    case.edit(app)
    return clock(lambda: subprocess.run(command, cwd=app, env=environ, check=True, capture_output=True))


def _watch(cycle: Cycle, name: str) -> Watched:
    command = [sys.executable, "-m", "builder.cli", "build", str(cycle.app), "-t", name, "--progress", "json"]
    before = cycle.proxy.traffic.bytes
    begin = time.perf_counter()
    with subprocess.Popen(
        [*command, *cycle.case.options],
        cwd=REPOSITORY,
        env=cycle.offramp.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        events = [(time.perf_counter() - begin, json.loads(line)) for line in process.stderr]
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError("\n".join(event.get("text", "") for _, event in events))
    layers = next(event for _, event in reversed(events) if "layers" in event)["layers"]
    return Watched(
        seconds=seconds,
        in_tools=time_in_tools(events),
        received=cycle.proxy.traffic.bytes - before,
        written=sum(not layer["reused"] for layer in layers),
        layers=len(layers),
        sizes=", ".join(f"{layer['name']} {layer['size'] / 1e6:.1f} MB" for layer in layers if layer["size"] >= _SHOWN),
    )


def time_in_tools(events: list[tuple[float, Mapping[str, Any]]]) -> float:
    """Add up the seconds between the steps that start tools and the steps after them."""
    total, started = 0.0, None
    for seconds, event in events:
        text = event.get("text", "")
        if event.get("kind") == "output" and not text.startswith(("- ", "!")) and text[:1] in {" ", ""}:
            continue  # what a tool says, or a detail of the step
        if started is not None:
            total += seconds - started
        started = seconds if _TOOL.match(text) else None
    return total
