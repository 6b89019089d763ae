"""The app's source, copied for a build as Heroku would get it: what git knows, less what ``.slugignore`` names.

Facts: reference/heroku.md §2.5. Modes are 0755 or 0644 whatever the developer's umask was, so that the same commit
gives the same layer everywhere.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.errors import AppMissingError, AppUnreadableError, GitUnusableError, SlugignoreError
from lifecycle_py.oci.layer_tar import Owner


@dataclass(frozen=True, kw_only=True, slots=True)
class AppSource:
    """What was copied. ``known_to_git`` tells whether ignored files were left out; ``ignored`` counts .slugignore's."""

    files: int
    known_to_git: bool
    ignored: int = 0


def check_app(directory: Path) -> None:
    """Make sure there is an app directory.

    Raises:
        AppMissingError: there is no such directory, or it is a file, or it is empty.
    """
    if not directory.exists():
        near = sorted(entry.name for entry in directory.parent.glob("*")) if directory.parent.is_dir() else []
        raise AppMissingError(path=directory, problem="there is no such directory", near=tuple(near))
    if not directory.is_dir():
        raise AppMissingError(path=directory, problem="it is a file, not a directory")
    if not any(directory.iterdir()):
        raise AppMissingError(path=directory, problem="the directory is empty")


def copy_app(
    source: Path, target: Path, owner: Owner | None, *, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> AppSource:
    """Copy the app into the existing directory ``target``.

    ``include`` and ``exclude`` are the patterns of its project.toml; with the former, nothing else is copied.

    Raises:
        AppUnreadableError: a file of the app cannot be read.
        GitUnusableError: git cannot say which files belong to the app.
        SlugignoreError: ``.slugignore`` has a line that Heroku would not understand.
    """
    tracked = _files_known_to_git(source)
    paths = sorted(_reached_without_links(source, tracked if tracked is not None else _all_files(source)))
    kept = without_ignored(paths, (*read_slugignore(source / ".slugignore"), *exclude))
    kept = only_included(kept, include)
    made: set[Path] = set()
    for path in kept:
        _make_directories(target, Path(path).parent, owner, made)
        _copy(source / path, target / path, owner)
    return AppSource(files=len(kept), known_to_git=tracked is not None, ignored=len(paths) - len(kept))


def read_slugignore(file: Path) -> tuple[str, ...]:
    """Read the patterns of a ``.slugignore``; absent ignores nothing.

    Raises:
        SlugignoreError: a line negates with ``!``, which Heroku does not support (heroku.md §12 statement 16).
    """
    if not file.is_file():
        return ()
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.startswith("!"):
            raise SlugignoreError(file=file, line=number, text=line)
    return tuple(lines)


def without_ignored(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Leave out the relative paths that patterns in gitignore's syntax name."""
    if not patterns:
        return list(paths)
    import pathspec

    ignored = pathspec.GitIgnoreSpec.from_lines(patterns)
    return [path for path in paths if not ignored.match_file(path)]


def only_included(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Keep the relative paths that patterns in gitignore's syntax name; without patterns, all of them."""
    paths = list(paths)
    ignored = set(without_ignored(paths, patterns)) if patterns else set()
    return [path for path in paths if path not in ignored]


def _files_known_to_git(source: Path) -> list[str] | None:
    """List tracked and new files; None when this is no git work tree.

    Raises:
        GitUnusableError: it is one, and git is missing or fails. Taking everything instead would put ignored files
            into the image, which are the ones with secrets in them.
    """
    command = (
        "git",
        # The app may be someone else's: its configuration must not run programs here.
        *("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
        *("-C", str(source), "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
    )
    try:
        result = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        if not any((parent / ".git").exists() for parent in (source.resolve(), *source.resolve().parents)):
            return None
        raise GitUnusableError(app=source, problem="git is not installed") from None
    if b"not a git repository" in result.stderr:
        return None
    if result.returncode != 0:
        raise GitUnusableError(app=source, problem=result.stderr.decode(errors="replace").strip())
    listed = [os.fsdecode(path) for path in result.stdout.split(b"\0") if path]
    # Deleted but not committed files are still listed; submodules are listed as one path.
    files = [path for path in dict.fromkeys(listed) if os.path.lexists(source / path)]
    found = [below for path in files for below in _expand(source, path)]
    return found or None  # a directory that git ignores as a whole is still what the user asked to build


def _reached_without_links(source: Path, paths: Iterable[str]) -> Iterator[str]:
    """Leave out paths that lead through a link: git still lists what was below a directory that is now one.

    Following them would read, and write, wherever the link points to.
    """
    known: dict[Path, bool] = {Path(): False}

    def leads_through_link(directory: Path) -> bool:
        if directory not in known:
            known[directory] = leads_through_link(directory.parent) or (source / directory).is_symlink()
        return known[directory]

    return (path for path in paths if not leads_through_link(Path(path).parent))


def _expand(source: Path, path: str) -> Iterator[str]:
    full = source / path
    if full.is_dir() and not full.is_symlink():
        yield from (f"{path.rstrip('/')}/{below}" for below in _all_files(full))
    else:
        yield path


def _all_files(source: Path) -> Iterator[str]:
    for parent, directories, files in os.walk(source):
        directories[:] = sorted(name for name in directories if name != ".git")
        links = [name for name in directories if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            if name != ".git":  # a file of this name marks a submodule or a linked work tree
                yield str(Path(parent, name).relative_to(source))


def _make_directories(target: Path, relative: Path, owner: Owner | None, made: set[Path]) -> None:
    if relative in made or relative == Path():
        return
    _make_directories(target, relative.parent, owner, made)
    directory = target / relative
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)
    _own(directory, owner)
    made.add(relative)


def _copy(source: Path, target: Path, owner: Owner | None) -> None:
    try:
        status = source.lstat()
        if stat.S_ISLNK(status.st_mode):
            target.symlink_to(os.readlink(source))
        elif stat.S_ISREG(status.st_mode):
            _copy_contents(source, target)
            target.chmod(0o755 if status.st_mode & stat.S_IXUSR else 0o644)
            os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
        else:
            return  # sockets, pipes and devices mean nothing in an image
    except PermissionError as error:
        raise AppUnreadableError(file=source, problem=error.strerror or str(error)) from error
    _own(target, owner)


def _copy_contents(source: Path, target: Path) -> None:
    """Copy a regular file to a new one, through no link on either side."""
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(reading, "rb") as data:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(writing, "wb") as copy:
            shutil.copyfileobj(data, copy, 1 << 20)


def _own(path: Path, owner: Owner | None) -> None:
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
