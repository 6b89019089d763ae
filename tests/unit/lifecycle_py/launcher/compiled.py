"""The launcher and its parser, compiled once for all tests of a session."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from lifecycle_py.launcher import Architecture, binary_path, launcher_file
from lifecycle_py.launcher.build import SOURCES, compile_launcher

HERE: Final = Path(__file__).parent
HOST: Final[Architecture] = "arm64" if platform.machine() in {"aarch64", "arm64"} else "amd64"


@cache
def host_launcher() -> Path:
    """Return the launcher for this machine, compiled if its sources changed."""
    compile_launcher(HOST, binary_path(HOST))
    return launcher_file(HOST)


def compile_with_sanitizers(output: Path, *more: Path, without: str = "") -> Path:
    """Compile the sources with the host's gcc, which then reports every undefined act at run time."""
    sources = sorted(source for source in SOURCES.glob("*.c") if source.name != without)
    flags = ("-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    argv = ["gcc", *flags, f"-I{SOURCES}", *map(str, (*sources, *more)), "-o", str(output)]
    subprocess.run(argv, check=True)
    return output
