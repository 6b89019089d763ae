"""Unpacks layers into a directory without ever leaving it, whatever the archive or its links say.

Spec: opencontainers/image-spec ``layer.md`` "Applying Changesets", "Whiteouts".
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.spec.errors import ExplainedError

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MOST_LINKS = 40
_COPY_SIZE = 1 << 20

# Not in tarfile's documentation, but of one base with those that are.
_TRUNCATED: Final = tarfile.TruncatedHeaderError  # type: ignore[attr-defined]
_INVALID: Final = tarfile.InvalidHeaderError  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpackRules:
    """How a layer is laid down.

    ``prefix``: only entries below this image path are unpacked, and it maps to the directory itself (``/`` for all).
    ``owner``: who gets the files where this process may give files away; None leaves them with this process.
    ``keep_special_modes``: keep set-uid, set-gid and sticky bits.
    """

    prefix: str = "/"
    owner: Owner | None = None
    keep_special_modes: bool = False


def unpack_layer(tar: BinaryIO, directory: Path, rules: UnpackRules | None = None) -> None:
    """Unpack one layer over what is in ``directory``. Device nodes and pipes are left out.

    The stream is read to its end, where one that verifies itself has its say.

    Raises:
        LayerArchiveError: the archive is damaged, or asks for something no layer may.
    """
    unpacking = _Unpacking(directory, rules or UnpackRules())
    source = cast("BinaryIO", _Source(tar))
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=1 << 20, errorlevel=2, tarinfo=_StrictTarInfo) as archive:
            for member in archive:
                unpacking.add(member, archive)
        while source.read(_COPY_SIZE):
            pass
        unpacking.finish()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise LayerArchiveError(problem=str(error)) from error


class _Source:
    """The bytes of the archive. What a codec says about damage comes in many types; here they become one."""

    def __init__(self, tar: BinaryIO) -> None:
        self._tar = tar

    def read(self, size: int) -> bytes:
        try:
            return self._tar.read(size)
        except ExplainedError:
            raise
        except Exception as error:
            raise LayerArchiveError(problem=str(error)) from error


class _StrictTarInfo(tarfile.TarInfo):
    """Refuses a damaged header anywhere, where ``tarfile`` takes one that is not the first for the archive's end."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except (_TRUNCATED, _INVALID) as error:
            raise LayerArchiveError(problem=f"its header at byte {tarfile.offset} is damaged ({error})") from error


class _Unpacking:
    """The state of unpacking one layer: resolved directories, and directory modes that wait for the end."""

    def __init__(self, directory: Path, rules: UnpackRules) -> None:
        self._root = directory
        self._rules = rules
        self._prefix = tuple(part for part in rules.prefix.split("/") if part)
        self._directories: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._modes: dict[Path, int] = {}
        self._written: set[tuple[str, ...]] = set()

    def add(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        parts = self._below_prefix(member.name)
        if parts is None:
            return
        if not parts:
            if member.isdir():
                self._modes[self._root] = self._mode(member)
            return
        try:
            parent = self._resolve(parts[:-1])
            path = self._host(parent) / parts[-1]
            if parts[-1].startswith(_WHITEOUT):
                self._white_out(parent, parts[-1])
                return
            self._written.update((*parent, parts[-1])[:count] for count in range(1, len(parent) + 2))
            self._lay_down(member, archive, path)
        except OSError as error:
            raise LayerArchiveError(problem=f"'{member.name}': {error.strerror or error}") from error

    def finish(self) -> None:
        """Set directory modes last: a read-only directory must not hinder its own contents."""
        for path, mode in self._modes.items():
            path.chmod(mode)

    def _lay_down(self, member: tarfile.TarInfo, archive: tarfile.TarFile, path: Path) -> None:
        if member.isdir():
            if not _is_directory(path):
                self._remove(path)
                path.mkdir()
            path.chmod(0o755)
            self._modes[path] = self._mode(member)
            self._own(path)
            return
        kinds: tuple[tuple[bool, Callable[[], None]], ...] = (
            (member.isreg(), lambda: self._write_file(member, archive, path)),
            (member.issym(), lambda: self._write_symlink(member, path)),
            (member.islnk(), lambda: self._link(member, path)),
        )
        for applies, act in kinds:
            if applies:
                self._remove(path)
                act()

    def _write_file(self, member: tarfile.TarInfo, archive: tarfile.TarFile, path: Path) -> None:
        source = archive.extractfile(member)
        if source is None:
            raise LayerArchiveError(problem=f"'{member.name}' has no contents")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(source, target, _COPY_SIZE)
            target.flush()  # a write at closing would set the time again
            # The owner first: giving a file away takes its set-uid and set-gid bits.
            self._own(path)
            os.fchmod(target.fileno(), self._mode(member))
            # Buildpacks and interpreters compare times; the layer's own must not depend on when it was unpacked.
            os.utime(target.fileno(), (member.mtime, member.mtime))

    def _write_symlink(self, member: tarfile.TarInfo, path: Path) -> None:
        path.symlink_to(member.linkname)
        self._own(path)

    def _link(self, member: tarfile.TarInfo, path: Path) -> None:
        parts = self._below_prefix(member.linkname)
        if not parts:
            raise LayerArchiveError(problem=f"'{member.name}' links to '{member.linkname}', outside of the layer")
        os.link(self._host(self._resolve(parts[:-1])) / parts[-1], path, follow_symlinks=False)

    def _white_out(self, parent: tuple[str, ...], name: str) -> None:
        """Take away what lower layers brought; entries of this layer may stand before the marker and stay."""
        if name == _OPAQUE:
            self._clear(parent)
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in {"", ".", ".."}:
            raise LayerArchiveError(problem=f"'{name}' is a whiteout of nothing")
        if (*parent, hidden) not in self._written:
            self._remove(self._host(parent) / hidden)
        elif _is_directory(self._host((*parent, hidden))):
            self._clear((*parent, hidden))

    def _clear(self, directory: tuple[str, ...]) -> None:
        for entry in list(self._host(directory).iterdir()):
            parts = (*directory, entry.name)
            if parts not in self._written:
                self._remove(entry)
            elif _is_directory(entry):
                self._clear(parts)

    def _below_prefix(self, name: str) -> tuple[str, ...] | None:
        parts = tuple(part for part in name.split("/") if part not in {"", "."})
        if ".." in parts:
            raise LayerArchiveError(problem=f"'{name}' climbs out of the layer")
        count = len(self._prefix)
        return parts[count:] if parts[:count] == self._prefix else None

    def _resolve(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """Give the real directory for a path, following links only inside the root and making what is missing."""
        known = self._directories.get(parts)
        if known is None:
            known = self._directories[parts] = self._walk(parts)
        return known

    def _walk(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        waiting = list(reversed(parts))
        place: list[str] = []
        links = 0
        while waiting:
            name = waiting.pop()
            if name == "..":
                place = place[:-1]
                continue
            path = self._host((*place, name))
            if path.is_symlink():
                links += 1
                if links > _MOST_LINKS:
                    raise LayerArchiveError(problem=f"'/{'/'.join(parts)}' leads through too many links")
                target = os.readlink(path)
                place = [] if target.startswith("/") else place
                waiting.extend(part for part in reversed(target.split("/")) if part not in {"", "."})
                continue
            if not path.is_dir():
                self._remove(path)
                path.mkdir()
                path.chmod(0o755)  # mkdir's own mode would be cut by the umask
                self._own(path)
            place.append(name)
        return tuple(place)

    def _host(self, parts: tuple[str, ...]) -> Path:
        return self._root.joinpath(*parts)

    def _mode(self, member: tarfile.TarInfo) -> int:
        return member.mode & (0o7777 if self._rules.keep_special_modes else 0o777)

    def _own(self, path: Path) -> None:
        if self._rules.owner is not None and os.geteuid() == 0:
            os.chown(path, self._rules.owner.uid, self._rules.owner.gid, follow_symlinks=False)

    def _remove(self, path: Path) -> None:
        """Remove whatever is there, and all that was remembered of it: paths through it resolve anew from now on."""
        if _is_directory(path):
            shutil.rmtree(path)
            self._modes = {kept: mode for kept, mode in self._modes.items() if not kept.is_relative_to(path)}
        elif path.is_symlink():
            path.unlink()
        else:
            path.unlink(missing_ok=True)
            return
        self._directories.clear()


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False
