"""Unpacks layers into a directory without ever leaving it, whatever the archive or its links say.

Spec: opencontainers/image-spec ``layer.md`` "Applying Changesets", "Whiteouts".
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from lifecycle_py.oci.errors import LayerArchiveError
from lifecycle_py.oci.file_writer import FileRules, FileWriter, NewFile, present_umask, write_file
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.tar_reader import REGULAR_KINDS, Entry, TarReader
from lifecycle_py.spec.errors import ExplainedError

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MOST_LINKS = 40
_COPY_SIZE: Final = 1 << 20
_SMALL: Final = 1 << 17  # bytes of a file that is written in the background, while the next ones are read

DIRECTORY, SYMLINK, HARDLINK = b"5", b"2", b"1"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnpackRules:
    """How a layer is laid down.

    ``prefix``: only entries below this image path are unpacked, and it maps to the directory itself (``/`` for all).
    ``owner``: who gets the files where this process may give files away; None leaves them with this process.
    ``shift``: instead of one owner for all, each entry keeps its own, moved up by this many ids.
    ``keep_special_modes``: keep set-uid, set-gid and sticky bits.
    """

    prefix: str = "/"
    owner: Owner | None = None
    shift: int | None = None
    keep_special_modes: bool = False


def unpack_layer(tar: BinaryIO, directory: Path, rules: UnpackRules | None = None) -> None:
    """Unpack one layer over what is in ``directory``. Device nodes and pipes are left out.

    The stream is read to its end, where one that verifies itself has its say.

    Raises:
        LayerArchiveError: the archive is damaged, or asks for something no layer may.
    """
    reader = TarReader(_Source(tar).read)
    unpacking = _Unpacking(directory, rules or UnpackRules(), reader)
    try:
        for entry in reader:
            unpacking.add(entry)
        reader.rest()
        unpacking.finish()
    finally:
        unpacking.close()


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


class _Place(NamedTuple):
    """A directory that this layer made, free of links: its place below the root, and on this host."""

    parts: tuple[str, ...]
    host: str


class _Unpacking:
    """The state of unpacking one layer: resolved directories, and directory modes that wait for the end."""

    def __init__(self, directory: Path, rules: UnpackRules, reader: TarReader) -> None:
        self._root = directory
        self._rules = rules
        self._reader = reader
        self._prefix = tuple(part for part in rules.prefix.split("/") if part)
        self._directories: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._modes: dict[Path, int] = {}
        self._written: set[tuple[str, ...]] = set()
        self._new: set[tuple[str, ...]] = set()  # directories this layer made: all in them is this layer's own
        owner = rules.owner if os.geteuid() == 0 else None
        self._shift = rules.shift if os.geteuid() == 0 else None
        self._files = FileRules(owner=owner, umask=present_umask())
        self._writer = FileWriter(self._files)
        self._places: dict[str, _Place] = {}  # by the name archives give a directory
        self._pending: set[tuple[str, ...]] = set()  # files that may not be on disk yet
        with os.scandir(directory) as entries:
            if next(entries, None) is None:
                self._new.add(())

    def add(self, entry: Entry) -> None:
        if self._add_beside_its_like(entry):
            return
        parts = self._below_prefix(entry.name)
        if parts is None:
            return
        if not parts:
            if entry.kind == DIRECTORY:
                self._modes[self._root] = self._mode(entry)
            return
        try:
            parent = self._resolve(parts[:-1])
            if parts[-1].startswith(_WHITEOUT):
                self._wait()
                self._white_out(parent, parts[-1])
                return
            self._lay_down(entry, parent, parts[-1])
        except OSError as error:
            raise _impossible(error, entry.name) from error

    def _add_beside_its_like(self, entry: Entry) -> bool:
        """Write a small file into a directory that this layer made and has brought a file to: most files are such."""
        directory, _, name = entry.name.rpartition("/")
        place = self._places.get(directory)
        if place is None or entry.kind not in REGULAR_KINDS or entry.size > _SMALL or name in {"", ".", ".."}:
            return False
        parts = (*place.parts, name)
        if parts in self._written or name.startswith(_WHITEOUT):
            return False
        self._written.add(parts)
        self._pending.add(parts)
        data, owner = self._reader.contents(entry.size), self._owner(entry)
        file = NewFile(f"{place.host}/{name}", self._mode(entry), entry.mtime, data, owner)
        try:
            self._writer.add(file)
        except OSError as error:
            raise _impossible(error, str(error.filename)) from error
        return True

    def finish(self) -> None:
        """Set directory modes last: a read-only directory must not hinder its own contents."""
        try:
            self._wait()
        except OSError as error:
            raise _impossible(error, str(error.filename)) from error
        for path, mode in self._modes.items():
            path.chmod(mode)

    def _wait(self) -> None:
        self._writer.wait()
        self._pending.clear()

    def close(self) -> None:
        """End what runs in the background."""
        self._writer.finish()

    def _lay_down(self, entry: Entry, parent: tuple[str, ...], name: str) -> None:
        parts = (*parent, name)
        known = parts in self._written
        self._written.add(parts)
        if not known:  # else its directories are known to be written, too
            self._written.update(parts[:count] for count in range(1, len(parts)))
        in_the_way = known or parent not in self._new
        if entry.kind in REGULAR_KINDS:
            self._write_file(entry, parts, in_the_way=in_the_way)
        elif entry.kind == DIRECTORY:
            self._make_directory(entry, parts, in_the_way=in_the_way)
        elif entry.kind in {SYMLINK, HARDLINK}:
            self._wait()
            path = self._host(parts)
            if in_the_way:
                self._remove(path)
            if entry.kind == SYMLINK:
                path.symlink_to(entry.link)
                self._own(path, entry)
            else:
                self._link(entry, path)

    def _make_directory(self, entry: Entry, parts: tuple[str, ...], *, in_the_way: bool) -> None:
        path = self._host(parts)
        if in_the_way:
            self._wait()
        if not (in_the_way and _is_directory(path)):
            if in_the_way:
                self._remove(path)
            path.mkdir()
            self._new.add(parts)
        path.chmod(0o755)
        self._modes[path] = self._mode(entry)
        self._own(path, entry)

    def _write_file(self, entry: Entry, parts: tuple[str, ...], *, in_the_way: bool) -> None:
        path = self._host(parts)
        if in_the_way:
            self._wait()
            self._remove(path)
        reader, mode = self._reader, self._mode(entry)
        if entry.size <= _SMALL:
            if parts[:-1] in self._new:
                self._places[entry.name.rpartition("/")[0]] = _Place(parts[:-1], str(path.parent))
            self._pending.add(parts)
            self._writer.add(NewFile(str(path), mode, entry.mtime, reader.contents(entry.size), self._owner(entry)))
        else:
            pieces = iter(lambda: reader.contents(_COPY_SIZE), b"")
            write_file(str(path), mode, entry.mtime, pieces, self._files, self._owner(entry))

    def _link(self, entry: Entry, path: Path) -> None:
        parts = self._below_prefix(entry.link)
        if not parts:
            raise LayerArchiveError(problem=f"'{entry.name}' links to '{entry.link}', outside of the layer")
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
        if any(parts[:count] in self._pending for count in range(1, len(parts) + 1)):
            self._wait()  # a file this layer brought stands where a directory is wanted now
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
                self._new.add((*place, name))
            place.append(name)
        return tuple(place)

    def _host(self, parts: tuple[str, ...]) -> Path:
        return self._root.joinpath(*parts)

    def _mode(self, entry: Entry) -> int:
        return entry.mode & (0o7777 if self._rules.keep_special_modes else 0o777)

    def _owner(self, entry: Entry | None) -> Owner | None:
        """Give the owner of an entry; directories that no entry speaks of are root's own."""
        if self._shift is None:
            return self._files.owner
        uid, gid = entry.owner() if entry else (0, 0)
        return Owner(uid + self._shift, gid + self._shift)

    def _own(self, path: Path, entry: Entry | None = None) -> None:
        owner = self._owner(entry)
        if owner is not None:
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)

    def _remove(self, path: Path) -> None:
        """Remove whatever is there, and all that was remembered of it: paths through it resolve anew from now on."""
        if _is_directory(path):
            shutil.rmtree(path)
            self._modes = {kept: mode for kept, mode in self._modes.items() if not kept.is_relative_to(path)}
            self._new.clear()  # the directories in it are gone; that others are still new is not worth finding out
        elif path.is_symlink():
            path.unlink()
        else:
            path.unlink(missing_ok=True)
            return
        self._directories.clear()
        self._places.clear()


def _impossible(error: OSError, name: str) -> LayerArchiveError:
    return LayerArchiveError(problem=f"'{name}': {error.strerror or error}")


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False
