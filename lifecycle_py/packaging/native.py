"""The libraries with extension modules: wheels of every supported CPython, verified by the digests in ``pins``."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lifecycle_py.packaging.errors import FetchWheelsError
from lifecycle_py.packaging.modules import Sources

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
_PINS: Final = Path(__file__).parent / "pins"
_TAGS: Final = {"isal": ("cp311", "cp312", "cp313", "cp314"), "backports_zstd": ("cp311", "cp312", "cp313")}
_PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
_BINARY: Final = re.compile(r"(?P<module>.+)\.(?P<tag>cpython-\d+)-(?P<machine>[a-z0-9_]+)-linux-gnu\.so")
# Of backports.zstd only the codec is used.
_NOT_NEEDED: Final = ("backports/zstd/_cffi/", "backports/zstd/tarfile.py", "backports/zstd/zipfile/")


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeLibraries:
    """``sources`` by top-level name; ``binaries``: ``<tag>-<machine>/<top-level name>`` → extension modules by name."""

    sources: Mapping[str, Sources]
    binaries: Mapping[str, Mapping[str, bytes]]


def fetch_wheels(arch: str, directory: Path) -> tuple[Path, ...]:
    """Give the wheels for an architecture, in order; pip brings those that ``directory`` does not have yet.

    Raises:
        FetchWheelsError: pip could not.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wheels = []
    for library, tags in _TAGS.items():
        pins = _PINS / f"{library}.txt"
        for tag in tags:
            wheel = _find(directory, pins, tag, arch)
            if wheel is None:
                _download(directory, pins, tag, arch)
                wheel = _find(directory, pins, tag, arch)
            if wheel is None:
                raise FetchWheelsError(library=library, python=tag, problem="pip brought something else")
            wheels.append(wheel)
    return tuple(wheels)


def read_wheels(wheels: Iterable[Path]) -> NativeLibraries:
    """Read modules and extension modules out of wheels; of the same module in several, the last."""
    sources: dict[str, dict[str, tuple[bool, str]]] = {}
    binaries: dict[str, dict[str, bytes]] = {}
    for wheel in wheels:
        for name, data in _members(wheel):
            top = name.partition("/")[0]
            if matched := _BINARY.fullmatch(name):
                key = f"{matched['tag']}-{matched['machine']}/{top}"
                binaries.setdefault(key, {})[matched["module"].replace("/", ".")] = data
            elif name.endswith(".py") and not name.startswith(_NOT_NEEDED):
                parts = name.removesuffix(".py").split("/")
                is_package = parts[-1] == "__init__"
                module = ".".join(parts[:-1] if is_package else parts)
                sources.setdefault(top, {top: (True, "")})[module] = (is_package, data.decode())
    return NativeLibraries(sources=sources, binaries=binaries)


def _members(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if not info.is_dir() and ".dist-info/" not in info.filename:
                yield info.filename, archive.read(info)


def _find(directory: Path, pins: Path, tag: str, arch: str) -> Path | None:
    """Find a wheel whose digest is pinned; what has another is as good as absent."""
    pinned = set(re.findall(r"sha256:([0-9a-f]{64})", pins.read_text(encoding="utf-8")))
    for wheel in sorted(directory.glob(f"{pins.stem}-*-{tag}-*{MACHINES[arch]}.whl")):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() in pinned:
            return wheel
        wheel.unlink()
    return None


def _download(directory: Path, pins: Path, tag: str, arch: str) -> None:
    platforms = [f"--platform={platform}_{MACHINES[arch]}" for platform in _PLATFORMS]
    version = f"{tag[2]}.{tag[3:]}"
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    argv += ["--only-binary=:all:", "--require-hashes", f"--python-version={version}", *platforms]
    argv += [f"--dest={directory}", f"--requirement={pins}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"pip ended with exit code {done.returncode}"]
        raise FetchWheelsError(library=pins.stem, python=tag, problem="\n".join(lines[-5:]))
