"""``python -m benchmarks [NAME …] [--runs N] [--json FILE]``: measure, and print numbers beside their aims."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.machine import machine_facts
from benchmarks.measure import Finding, Settings
from builder.places import default_places

# In this order: those that take a moment first.
BENCHMARKS: Final = ("version", "launcher", "rebuild", "packs", "overhead", "export", "memory", "side_by_side")


def main(arguments: Sequence[str]) -> None:
    """Run the chosen benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--runs", type=int, default=5, help="how often each thing is measured (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results with every single run")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")

    _as_installed()
    facts = machine_facts()
    print("  ".join(f"{name}: {value}" for name, value in facts.items()))
    results = {}
    for name in BENCHMARKS:
        if not chosen.names or name in chosen.names:
            results[name] = [one.to_json() for one in _measure(name, chosen.runs)]
    if chosen.json:
        document = {"machine": facts, "results": results}
        chosen.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _as_installed() -> None:
    """Let programs keep their bytecode, as installed ones do, but beside the caches and not in the source tree."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(default_places().cache / "benchmarks" / "bytecode")


def _measure(name: str, runs: int) -> tuple[Finding, ...]:
    module = importlib.import_module(f"benchmarks.{name}")
    parent = default_places().cache / "benchmarks"
    parent.mkdir(parents=True, exist_ok=True)
    print(f"\n{name}: {(module.__doc__ or '').partition(chr(10))[0]}")
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=parent) as scratch:
        # The sandbox's user has to come through.
        Path(scratch).chmod(0o755)
        found: tuple[Finding, ...] = tuple(module.measure(Settings(runs=runs, scratch=Path(scratch))))
    for one in found:
        aim = f"  (aim: {one.aim})" if one.aim else ""
        print(f"  {one.question}: {one.number}{aim}")
        for what, value in one.raw.items():
            print(f"      {what}: {value}")
    return found


main(sys.argv[1:])
