"""Compiling the launcher: C sources in, one static and reproducible Linux binary per architecture out.

The compiler is zig's, from the `ziglang` wheel: it carries musl and cross-compiles, so a host needs nothing else.
Run `python -m lifecycle_py.launcher.build` in a source checkout; a wheel is built through `hatch_build.py`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lifecycle_py.launcher import ARCHITECTURES, Architecture, binary_path
from lifecycle_py.launcher.errors import CompilerMissingError, LauncherCompileError

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES: Final = Path(__file__).parent / "source"

_TARGETS: Final[dict[Architecture, str]] = {"amd64": "x86_64-linux-musl", "arm64": "aarch64-linux-musl"}

_FLAGS: Final = (
    *("-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"),
    *("-static", "-Os", "-s", "-fstack-protector-strong"),
    # Without unwind tables and unused sections the file is a sixth smaller.
    *("-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
    *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"),
)


def compile_launcher(
    target_arch: Architecture, output_path: Path, *, report: Callable[[str], None] | None = None
) -> None:
    """Compile the launcher for `target_arch` to `output_path`, unless what is there was made from the same inputs.

    Writes `<output_path>.inputs` beside it, a digest of sources, flags and compiler version. Both files are replaced
    whole, so that builds may run at the same time. `report` gets lines of progress (default: to stderr).

    Raises:
        CompilerMissingError: The `ziglang` package is not installed.
        LauncherCompileError: The compiler failed.

    """
    say = report or _to_stderr
    inputs = _inputs_digest(target_arch)
    record = output_path.with_name(f"{output_path.name}.inputs")
    if output_path.is_file() and record.is_file() and record.read_text() == inputs:
        return
    say(f"Compiling the launcher for linux/{target_arch} (the first time on a machine takes most of a minute)")
    started = time.monotonic()
    output_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output_path.parent) as staging:
        compiled = Path(staging, output_path.name)
        _run_compiler(target_arch, compiled)
        compiled.chmod(0o755)
        staged_record = Path(staging, record.name)
        staged_record.write_text(inputs)
        # The record goes last: one without its binary would pass for up to date.
        compiled.replace(output_path)
        staged_record.replace(record)
    say(f"Compiled {output_path}: {output_path.stat().st_size:,} bytes, {time.monotonic() - started:.1f} s")


def main() -> None:
    """Compile the launcher for every architecture to where `launcher_file` looks for it."""
    for arch in ARCHITECTURES:
        compile_launcher(arch, binary_path(arch))
        _to_stderr(f"linux/{arch} is up to date")


def _run_compiler(arch: Architecture, output: Path) -> None:
    # Names relative to SOURCES: the path of a checkout must not be able to reach the binary.
    names = sorted(source.name for source in SOURCES.glob("*.c"))
    argv = [sys.executable, "-m", "ziglang", "cc", "-target", _TARGETS[arch], *_FLAGS, *names]
    argv += ["-o", str(output.absolute())]
    cache = _zig_cache()
    environment = os.environ | {
        # Set both: zig's local cache defaults to the working directory, and a new one costs half a minute.
        "ZIG_GLOBAL_CACHE_DIR": str(cache / "global"),
        "ZIG_LOCAL_CACHE_DIR": str(cache / "local"),
    }
    result = subprocess.run(
        argv, cwd=SOURCES, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise LauncherCompileError(arch=arch, status=result.returncode, output=result.stderr)


def _zig_cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/offramp/zig")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "offramp", "zig")


def _inputs_digest(arch: Architecture) -> str:
    digest = hashlib.sha256("\0".join((_zig_version(), _TARGETS[arch], *_FLAGS)).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        digest.update(f"\0{source.name}\0".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def _zig_version() -> str:
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError as cause:
        raise CompilerMissingError(python=Path(sys.executable)) from cause


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
