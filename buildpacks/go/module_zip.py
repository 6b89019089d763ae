"""A module's zip: its sum as go.sum has it, and unpacking a toolchain from it."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path

from buildpacks.go.errors import ToolchainMismatchError, UnreadableToolchainError

_BLOCK = 1 << 20
_PROGRAM, _FILE = 0o755, 0o644
# Zips of modules carry no modes: these are the programs of a toolchain.
_PROGRAMS = ("bin/", "pkg/tool/")
# Tests of Go itself are a sixth of a toolchain, and no build reads them.
_NOT_NEEDED = ("/testdata/", "_test.go")
_LARGEST = 2 << 30  # bytes, unpacked: ten times what a toolchain is


def check_sum(file: Path, expected: str, name: str) -> None:
    """Compare a module's zip with its sum; nothing is unpacked.

    Raises:
        ToolchainMismatchError: it has another sum.
        UnreadableToolchainError: it is not a whole zip.
    """
    actual = sum_of(file, name)
    if actual != expected:
        raise ToolchainMismatchError(name=name, expected=expected, actual=actual)


def sum_of(file: Path, name: str) -> str:
    """Give the sum of a module's zip, ``h1:…``: the hash of the list of its files' hashes.

    It is what golang.org/x/mod/sumdb/dirhash computes.

    Raises:
        UnreadableToolchainError: it is not a whole zip, or far too large.
    """
    lines = []
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > _LARGEST:
                raise UnreadableToolchainError(name=name, problem="it is far too large")
            for info in sorted(infos, key=lambda info: info.filename):
                digest = hashlib.sha256()
                with archive.open(info) as content:
                    while block := content.read(_BLOCK):
                        digest.update(block)
                lines.append(f"{digest.hexdigest()}  {info.filename}\n")
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise UnreadableToolchainError(name=name, problem=str(error)) from None
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def unpack_toolchain(file: Path, prefix: str, to: Path) -> None:
    """Unpack a toolchain's zip, verified before, without its prefix ``MODULE@VERSION/``.

    Raises:
        UnreadableToolchainError: a file has no such prefix, or leads out of the directory.
    """
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            path = info.filename.removeprefix(prefix)
            if path == info.filename or ".." in path.split("/") or path.startswith("/"):
                raise UnreadableToolchainError(name=file.name, problem=f"'{info.filename}' is no file of it")
            target = to / path
            if target.name == "_go.mod":  # a module cannot hold another's go.mod, so those of Go are packed like this
                target = target.with_name("go.mod")
            if not info.is_dir() and not _is_left_out(path):
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("xb") as sink:
                    shutil.copyfileobj(source, sink, _BLOCK)
                target.chmod(_PROGRAM if path.startswith(_PROGRAMS) else _FILE)


def _is_left_out(path: str) -> bool:
    return path.startswith("src/") and any(part in path for part in _NOT_NEEDED)
