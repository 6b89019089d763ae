"""``lifecycle.tgz``: what platforms embed in builder images. The same inputs give the same bytes.

Facts: reference/cnb.md §b.14 (lifecycle.toml), §d (builder.toml ``lifecycle.uri``).
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lifecycle_py.launcher import launcher_file
from lifecycle_py.packaging.errors import CompileModulesError
from lifecycle_py.packaging.modules import collect_sources
from lifecycle_py.packaging.native import fetch_wheels, read_wheels
from lifecycle_py.packaging.program import program_bytes, write_sources
from lifecycle_py.sbom_files import FORMATS
from lifecycle_py.spec.api_versions import SUPPORTED_BUILDPACK_APIS, SUPPORTED_PLATFORM_APIS
from lifecycle_py.spec.toml_file import format_toml
from lifecycle_py.version import LIFECYCLE_VERSION

Compile = Callable[[Path, Path], None]
"""Runs a script, with a directory for its argument, by some Python. Both paths are the host's."""

COMPILE_SCRIPT: Final = Path(__file__).with_name("compile_modules.py")
_PROGRAM: Final = "lifecycle"
_PHASES: Final = ("analyzer", "builder", "creator", "detector", "exporter", "extender", "rebaser", "restorer")
_TIME: Final = 315532801  # 1980-01-01T00:00:01Z, as of the layers the reference makes


def make_program(arch: str, wheels: Path, compilers: Sequence[Compile]) -> bytes:
    """Give the program for an architecture.

    Args:
        arch: "amd64" or "arm64".
        wheels: where downloaded wheels are kept.
        compilers: for each Python the program shall start on quickly; it starts on others, too.

    Raises:
        FetchWheelsError: a library's wheel cannot be fetched.
        CompileModulesError: a Python could not compile.
    """
    native = read_wheels(fetch_wheels(arch, wheels))
    with tempfile.TemporaryDirectory(prefix="offramp-lifecycle-") as name:
        directory = Path(name)
        write_sources({**collect_sources(), **native.sources}, directory)
        for compile_modules in compilers:
            compile_modules(COMPILE_SCRIPT, directory)
        return program_bytes(directory, native.binaries)


def compile_here(script: Path, directory: Path) -> None:
    """Compile with the Python that runs this.

    Raises:
        CompileModulesError: it could not.
    """
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    argv = [sys.executable, "-S", str(script), str(directory)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        raise CompileModulesError(python=sys.executable, problem="\n".join(done.stderr.splitlines()[-5:]))


def write_lifecycle_archive(program: bytes, arch: str, file: Path) -> None:
    """Write the archive, whole or not at all.

    Raises:
        LauncherMissingError: the launcher for the architecture was not compiled.
    """
    launcher = launcher_file(arch).read_bytes()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "lifecycle.toml", descriptor().encode(), mode=0o644)
        _add_other(archive, "lifecycle", tarfile.DIRTYPE)
        _add(archive, f"lifecycle/{_PROGRAM}", program, mode=0o755)
        _add(archive, "lifecycle/launcher", launcher, mode=0o755)
        for phase in _PHASES:
            _add_other(archive, f"lifecycle/{phase}", tarfile.SYMTYPE, link=_PROGRAM)
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_bytes(gzip.compress(stream.getvalue(), mtime=0))
        partial.replace(file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def descriptor() -> str:
    """Give ``lifecycle.toml``: which APIs the phases speak."""
    buildpack, platform = [str(one) for one in SUPPORTED_BUILDPACK_APIS], [str(one) for one in SUPPORTED_PLATFORM_APIS]
    document = {
        "api": {"buildpack": buildpack[0], "platform": platform[0]},
        "apis": {
            "buildpack": {"deprecated": [], "supported": buildpack},
            "platform": {"deprecated": [], "supported": platform},
        },
        "lifecycle": {"version": LIFECYCLE_VERSION, "sbom-formats": list(FORMATS)},
    }
    return format_toml(document, Path("lifecycle.toml"))


def _add(archive: tarfile.TarFile, name: str, data: bytes, *, mode: int) -> None:
    member = _member(name, mode)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _add_other(archive: tarfile.TarFile, name: str, kind: bytes, *, link: str = "") -> None:
    member = _member(name, 0o755)
    member.type = kind
    member.linkname = link
    archive.addfile(member)


def _member(name: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = mode
    member.mtime = _TIME
    return member
