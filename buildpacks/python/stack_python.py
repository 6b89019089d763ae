"""The stack's own Python: what it is, and how its interpreter and library are copied into a layer.

The run image has no Python, so the layer has to bring everything but the C libraries. Left out is what no app uses at
run time (tests, IDLE, the static library), and extension modules whose C library the run image does not promise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildpacks.sdk import Version

# C libraries that the run image of a stack has to bring for the modules that need them, besides glibc.
RUN_IMAGE_LIBRARIES = frozenset(
    {
        "libbz2.so.1.0",
        "libcrypto.so.3",
        "libexpat.so.1",
        "libffi.so.8",
        "liblzma.so.5",
        "libncursesw.so.6",
        "libpanelw.so.6",
        "libreadline.so.8",
        "libsqlite3.so.0",
        "libssl.so.3",
        "libtinfo.so.6",
        "libuuid.so.1",
        "libz.so.1",
        "libzstd.so.1",
    }
)
_GLIBC = ("libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so", "ld-linux", "linux-vdso")
_LEFT_OUT = frozenset(
    {
        "EXTERNALLY-MANAGED",
        "__pycache__",
        "ensurepip",
        "idlelib",
        "lib2to3",
        "sitecustomize.py",
        "test",
        "tests",
        "turtledemo",
    }
)
_LEFT_OUT_PREFIXES = ("config-", "_test", "_xxtest", "xxlimited", "xxsubtype", "_ctypes_test")


@dataclass(frozen=True, kw_only=True, slots=True)
class StackPython:
    """A Python of the build image. ``build`` changes with every rebuild of its package."""

    version: Version
    build: str
    executable: Path
    library: Path
    headers: Path

    @property
    def name(self) -> str:
        """Give the program's name with the release line, such as ``python3.13``."""
        major, minor = self.version.numbers[:2]
        return f"python{major}.{minor}"


def find_stack_python() -> StackPython:
    """Describe the Python that runs this buildpack: it is the build image's own."""
    import sysconfig

    paths = sysconfig.get_paths(scheme="posix_prefix")
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    pre = "" if sys.version_info.releaselevel == "final" else "pre"
    return StackPython(
        version=Version(tuple(sys.version_info[:3]), pre),
        build=sys.version,
        executable=executable,
        library=Path(paths["stdlib"]),
        headers=Path(paths["include"]),
    )


def copy_stack_python(stack: StackPython, to: Path, needed: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Copy interpreter and library below ``to`` and give the modules that were left out for want of a C library.

    Args:
        stack: the Python to copy.
        to: an empty directory.
        needed: the C libraries each file of ``lib-dynload`` needs, by file name.
    """
    import shutil

    (to / "bin").mkdir()
    shutil.copyfile(stack.executable, to / "bin" / stack.name)
    (to / "bin" / stack.name).chmod(0o755)
    for alias in ("python", f"python{stack.version.numbers[0]}"):
        (to / "bin" / alias).symlink_to(stack.name)
    # Headers are used during the build only, where the stack's own are in place.
    (to / "include").mkdir()
    (to / "include" / stack.name).symlink_to(stack.headers)
    missing = {name for name, libraries in needed.items() if libraries - RUN_IMAGE_LIBRARIES}
    for file in _files(stack.library):
        if file.name not in missing:
            copy = to / "lib" / stack.name / file.relative_to(stack.library)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copy.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
    return tuple(sorted(name.partition(".")[0] for name in missing))


def extension_modules(stack: StackPython) -> tuple[Path, ...]:
    """List the extension modules that would be copied."""
    return tuple(file for file in _files(stack.library) if file.suffix == ".so")


def parse_ldd(lines: Iterable[str], files: Iterable[Path]) -> dict[str, frozenset[str]]:
    """Read the output of ``ldd FILE …``: file name → C libraries it needs, without those of glibc.

    ``ldd`` heads each block with the file's path, unless there is only one file.
    """
    known = {f"{file}:": file.name for file in files}
    needed: dict[str, set[str]] = {name: set() for name in known.values()}
    current = next(iter(needed.values()), set())
    for line in lines:
        if line.strip() in known:
            current = needed[known[line.strip()]]
        elif line[:1].isspace() and line.strip():
            library = line.split()[0].rpartition("/")[2]
            if library.startswith("lib") and not library.startswith(_GLIBC):
                current.add(library)
    return {name: frozenset(libraries) for name, libraries in needed.items()}


def _files(directory: Path) -> Iterator[Path]:
    for entry in sorted(directory.iterdir(), key=lambda path: path.name):
        if entry.name in _LEFT_OUT or entry.name.startswith(_LEFT_OUT_PREFIXES):
            continue
        if entry.is_dir():
            yield from _files(entry)
        elif entry.is_file():
            yield entry
