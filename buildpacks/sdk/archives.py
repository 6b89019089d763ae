"""Unpacking archives that were verified before: nothing leaves the directory, no device, no foreign owner."""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import IO

from buildpacks.sdk.errors import UnsafeArchiveError

_PROGRAM, _FILE = 0o755, 0o644


def unpack(archive: Path, directory: Path, *, strip_components: int = 0) -> None:
    """Unpack a ``.tar``, ``.tar.gz``, ``.tar.bz2``, ``.tar.xz`` or ``.zip`` into ``directory``.

    Args:
        archive: the file; its kind is told from its contents.
        directory: made when it does not exist; a file that is there already is overwritten.
        strip_components: how many leading directories every path loses; what has no more is left out.

    Raises:
        UnsafeArchiveError: the archive is broken, of another kind, or a path, link or device in it is unsafe.
    """
    import tarfile
    import zipfile

    directory.mkdir(parents=True, exist_ok=True)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, directory, strip_components)
        else:
            _unpack_tar(archive, directory, strip_components)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise UnsafeArchiveError(archive=archive, problem=f"it is not a whole tar or zip archive: {error}") from None


def _unpack_tar(archive: Path, directory: Path, strip: int) -> None:
    """Unpack without tarfile's filters, which Python has only since 3.11.4."""
    import tarfile

    with tarfile.open(archive) as tar:
        for member in tar:
            name = _stripped(member.name, strip)
            if name is None:
                continue
            target = _inside(archive, directory, name)
            if member.isdir():
                target.mkdir(exist_ok=True)
            elif member.issym():
                _inside(archive, directory, str(PurePosixPath(name).parent / member.linkname), link=True)
                target.unlink(missing_ok=True)
                target.symlink_to(member.linkname)
            elif member.islnk():
                source = _inside(archive, directory, _stripped(member.linkname, strip) or member.linkname)
                target.unlink(missing_ok=True)
                target.hardlink_to(source)
            elif (content := tar.extractfile(member)) is not None:
                _write(content, target, member.mode)
                os.utime(target, (member.mtime, member.mtime))
            else:
                raise UnsafeArchiveError(
                    archive=archive, problem=f"'{member.name}' is neither file, directory nor link"
                )


def _unpack_zip(archive: Path, directory: Path, strip: int) -> None:
    import zipfile

    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            name = _stripped(info.filename, strip)
            if name is None or info.is_dir():
                continue
            with file.open(info) as source:
                _write(source, _inside(archive, directory, name), info.external_attr >> 16)


def _inside(archive: Path, directory: Path, name: str, *, link: bool = False) -> Path:
    """Give where a path of an archive is, its parents made; a link's target may climb, but not out.

    Raises:
        UnsafeArchiveError: it is outside of the directory, as it is written or through links unpacked before.
    """
    path = PurePosixPath(name)
    target = directory / path
    # What is there already decides where a path leads: a harmless name may go through a link.
    real = Path(os.path.realpath(target if link else target.parent))
    climbs = ".." in path.parts and not link
    if path.is_absolute() or climbs or not real.is_relative_to(os.path.realpath(directory)):
        raise UnsafeArchiveError(archive=archive, problem=f"'{name}' leads out of the directory")
    if not link:
        target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _write(source: IO[bytes], target: Path, mode: int) -> None:
    """Write a file with the two modes that mean something: a program, or not."""
    target.unlink(missing_ok=True)
    with target.open("xb") as sink:
        shutil.copyfileobj(source, sink)
    target.chmod(_PROGRAM if mode & 0o100 else _FILE)


def _stripped(name: str, strip: int) -> str | None:
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return str(PurePosixPath(*parts[strip:])) if len(parts) > strip else None
