"""The facts of the machine that a measurement depends on. No names: results are meant to be shown to others."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PROGRAMS: Final = ("tar", "gzip", "zstd", "bwrap", "uv")
_PACKAGES: Final = ("isal", "backports.zstd", "click")


def machine_facts() -> dict[str, str]:
    """Give the facts by name, in the order they are shown."""
    facts = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    programs = {name: found for name in _PROGRAMS if (found := _program_version(name))}
    packages = {name: found for name in _PACKAGES if (found := _package_version(name))}
    return facts | programs | packages


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.machine()


def _program_version(name: str) -> str | None:
    program = shutil.which(name)
    if program is None:
        return None
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    words = output.partition("\n")[0].split()
    return next((word.strip("v,") for word in words if word.strip("v")[:1].isdigit()), None)


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
