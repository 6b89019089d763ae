"""Unpacking archives that were verified before: nothing leaves the directory, no device, no foreign owner."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from buildpacks.sdk.errors import UnsafeArchiveError

_PERMISSIONS = 0o777


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
    except tarfile.FilterError as error:
        raise UnsafeArchiveError(archive=archive, problem=str(error)) from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise UnsafeArchiveError(archive=archive, problem=f"it is not a whole tar or zip archive: {error}") from None


def _unpack_tar(archive: Path, directory: Path, strip: int) -> None:
    import tarfile

    with tarfile.open(archive) as tar:
        for member in tar:
            name = _stripped(member.name, strip)
            if name is None:
                continue
            changes: dict[str, str] = {"name": name}
            if member.islnk():
                changes["linkname"] = _stripped(member.linkname, strip) or member.linkname
            tar.extract(member.replace(**changes, deep=False), directory, filter="data")  # type: ignore[arg-type]


def _unpack_zip(archive: Path, directory: Path, strip: int) -> None:
    import zipfile

    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            name = _stripped(info.filename, strip)
            if name is None or info.is_dir():
                continue
            target = directory / name
            if ".." in PurePosixPath(name).parts or name.startswith("/"):
                raise UnsafeArchiveError(archive=archive, problem=f"'{info.filename}' leads out of the directory")
            target.parent.mkdir(parents=True, exist_ok=True)
            with file.open(info) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            target.chmod((info.external_attr >> 16) & _PERMISSIONS or 0o644)


def _stripped(name: str, strip: int) -> str | None:
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return str(PurePosixPath(*parts[strip:])) if len(parts) > strip else None
