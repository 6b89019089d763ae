"""COPY and ADD: which files of the context go where, as a tar to be laid over the image's root.

Facts: docs.docker.com "Dockerfile reference": COPY, ADD. Nothing outside of the context is ever read, whatever its
links say. ADD unpacks archives of the context; addresses are refused, since nothing says what they have to hold.
"""

from __future__ import annotations

import functools
import lzma
import os
import posixpath
import re
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.dockerfile.errors import StepError
from lifecycle_py.oci.layer_tar import Owner, single_entry
from lifecycle_py.oci.tar_header import DIRECTORY, REGULAR, SYMLINK, TRAILER, header, padding
from lifecycle_py.slices import go_pattern

_READ_SIZE = 1 << 20
_REMOTE = ("http://", "https://", "git@", "git://", "ssh://")


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyPlan:
    """What is copied: ``files`` and ``texts`` by their absolute paths in the image, ``archives`` to unpack where.

    ``directories`` are made. ``owner`` gets everything; ``mode`` replaces the permissions of files unless it is None.
    """

    directories: tuple[str, ...] = ()
    files: tuple[tuple[Path, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    archives: tuple[tuple[Path, str], ...] = ()
    owner: Owner = Owner(0, 0)  # noqa: RUF009 - immutable
    mode: int | None = None


def plan_copy(
    context: Path,
    sources: Sequence[str],
    target: str,
    *,
    is_directory: Callable[[str], bool],
    unpack: bool,
    texts: Sequence[tuple[str, str]] = (),
) -> CopyPlan:
    """Decide where each source goes.

    Args:
        context: the directory sources are in.
        sources: relative paths or patterns, as Go's ``filepath.Match`` has them.
        target: absolute path in the image; with a slash at its end it is a directory.
        is_directory: tells whether a path of the image is a directory already; such a one stays as it is.
        unpack: whether archives are unpacked (ADD).
        texts: names and contents of here-documents.

    Raises:
        StepError: a source is not there or not in the context, or the target cannot take them all.
    """
    found = [one for source in sources for one in _find(context, source)]
    into = target.endswith("/") or is_directory(target)
    if len(found) + len(texts) > 1 and not into:
        raise StepError(f"there are several sources, so the target '{target}' has to end with a slash")
    directories: list[str] = []
    files: list[tuple[Path, str]] = []
    archives: list[tuple[Path, str]] = []
    if into and found and not is_directory(target):
        directories.append(target.rstrip("/"))
    for path, name in found:
        if path.is_dir():
            directories += [] if into or is_directory(target) else [target]
            below = _below(path, target)
            files += [(one, place) for one, place in below if not (_is_real(one) and is_directory(place))]
        elif unpack and tarfile.is_tarfile(path):
            archives.append((path, target))
        else:
            files.append((path, posixpath.join(target, name) if into else target))
    placed = tuple((posixpath.join(target, name) if into else target, text) for name, text in texts)
    return CopyPlan(directories=tuple(directories), files=tuple(files), texts=placed, archives=tuple(archives))


def copy_tar(plan: CopyPlan) -> Iterator[bytes]:
    """Give the tar of a plan's files and texts."""
    owner = plan.owner
    for name in plan.directories:
        yield header(os.fsencode(name), DIRECTORY, mode=0o755, uid=owner.uid, gid=owner.gid)
    for path, name in plan.files:
        status = path.lstat()
        entry = os.fsencode(path), os.fsencode(name)
        if stat.S_ISREG(status.st_mode) and plan.mode is not None:
            status = _with_mode(status, plan.mode)
        yield from single_entry(*entry, status, owner)
    for name, text in plan.texts:
        data = text.encode()
        mode = 0o644 if plan.mode is None else plan.mode
        yield header(os.fsencode(name), REGULAR, mode=mode, uid=owner.uid, gid=owner.gid, size=len(data))
        yield data
        yield padding(len(data))
    yield TRAILER


def archive_tar(archive: Path, target: str) -> Iterator[bytes]:
    """Give the tar of an archive's entries below ``target``, with the owners the archive gives them.

    Raises:
        StepError: the archive is damaged.
    """
    try:
        with tarfile.open(archive, "r:*") as source:
            for member in source:
                yield from _member(member, source, target)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise StepError(f"'{archive.name}' is a damaged archive: {error}") from error
    yield TRAILER


def _member(member: tarfile.TarInfo, source: tarfile.TarFile, target: str) -> Iterator[bytes]:
    name = os.fsencode(posixpath.join(target, member.name.lstrip("/")))
    entry = functools.partial(header, name, mode=member.mode & 0o7777, uid=member.uid, gid=member.gid)
    if member.isreg():
        contents = source.extractfile(member)
        yield entry(kind=REGULAR, size=member.size)
        while contents and (chunk := contents.read(_READ_SIZE)):
            yield chunk
        yield padding(member.size)
    elif member.isdir():
        yield entry(kind=DIRECTORY)
    elif member.issym():
        yield entry(kind=SYMLINK, link=os.fsencode(member.linkname))
    elif member.islnk():
        link = os.fsencode(posixpath.join(target, member.linkname.lstrip("/")))
        yield entry(kind=tarfile.LNKTYPE, link=link)


def _find(context: Path, source: str) -> list[tuple[Path, str]]:
    """Give what a source means: each file or directory with its name."""
    if source.startswith(_REMOTE):
        raise StepError(f"'{source}' is not in the context; download it with RUN, and check its sum there")
    pattern = posixpath.normpath("/" + source).lstrip("/")
    if not any(one in pattern for one in "*?[\\"):
        return [_inside(context, context / pattern, source)]
    expression = re.compile(go_pattern(pattern), re.DOTALL)
    names = (path.relative_to(context).as_posix() for path in _every(context))
    found = [_inside(context, context / name, source) for name in sorted(names) if expression.fullmatch(name)]
    if not found:
        raise StepError(f"nothing in the context matches '{source}'")
    return found


def _every(directory: Path) -> Iterator[Path]:
    for parent, directories, files in os.walk(directory):
        yield from (Path(parent, name) for name in (*directories, *files))


def _inside(context: Path, path: Path, source: str) -> tuple[Path, str]:
    """Follow the links of a source, which have to stay in the context; it keeps the name it was asked for by."""
    real, root = Path(os.path.realpath(path)), Path(os.path.realpath(context))
    if not real.is_relative_to(root):
        raise StepError(f"'{source}' leads out of the context")
    if not real.exists():
        raise StepError(f"'{source}' is not in the context")
    return real if path.is_symlink() else path, path.name


def _below(directory: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Give everything in a directory; links are copied as links."""
    for path in sorted(_every(directory), key=lambda one: one.parts):
        yield path, posixpath.join(target, path.relative_to(directory).as_posix())


def _with_mode(status: os.stat_result, mode: int) -> os.stat_result:
    return os.stat_result((stat.S_IFMT(status.st_mode) | mode, *status[1:]))


def _is_real(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
