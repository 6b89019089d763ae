"""Writing files into a directory that is also other people's: all of them or none, and never over what is not ours."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from builder.errors import NotOurFileError, OutputDirectoryError
from builder.kubernetes.formats.format import OutputFile

# How our files begin, in each format, with the app they are for.
_BEGINNINGS = (
    re.compile(r"# Written by offramp \S+ for app (?P<app>\S+),"),
    re.compile(r'\{\s+"apiVersion": "plan\.offramp\.dev/[^"]*",\s+"app": "(?P<app>[^"]*)"'),
)
_READ = 4096


def write_files(directory: Path, app: str, files: Sequence[OutputFile]) -> tuple[Path, ...]:
    """Write files, and remove what an earlier run for the same app wrote and this one did not. Gives what was removed.

    Raises:
        NotOurFileError: a file to write is there and was not written by us for this app; nothing was changed.
        OutputDirectoryError: the directory cannot be written to; nothing was changed.
    """
    wanted = {directory / file.path: file.text for file in files}
    strangers = tuple(path for path in wanted if os.path.lexists(path) and _owner(path) != app)
    if strangers:
        raise NotOurFileError(files=strangers, app=app)
    # Another format's files stay: the plan may lie beside the objects made of it.
    suffixes = {path.suffix for path in wanted}
    stale = tuple(path for path in _files_of(directory, app) if path not in wanted and path.suffix in suffixes)
    try:
        with _staging(directory) as staging:
            # All that can fail for lack of space or rights happens here; the renames after it are quick.
            for number, (path, text) in enumerate(wanted.items()):
                (staging / str(number)).write_bytes(text.encode())
                path.parent.mkdir(parents=True, exist_ok=True)
            for number, path in enumerate(wanted):
                (staging / str(number)).replace(path)
        for path in stale:
            path.unlink()
            with contextlib.suppress(OSError):  # other files are still in it
                if path.parent != directory:
                    path.parent.rmdir()
    except OSError as error:
        raise OutputDirectoryError(directory=directory, problem=error.strerror or str(error)) from error
    return stale


@contextlib.contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """Give a directory on the same file system, which is gone afterwards."""
    made = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".offramp-", dir=directory))
    try:
        yield staging
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        if made:
            shutil.rmtree(directory, ignore_errors=True)
        raise
    shutil.rmtree(staging)


def _files_of(directory: Path, app: str) -> tuple[Path, ...]:
    """Find what we wrote for an app: in the directory and in the directories in it."""
    candidates = (path for pattern in ("*", "*/*") for path in sorted(directory.glob(pattern)))
    return tuple(path for path in candidates if _owner(path) == app)


def _owner(path: Path) -> str | None:
    """Tell for which app we wrote a file; None if we did not."""
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        beginning = file.read(_READ).decode(errors="replace")
    match = next((match for one in _BEGINNINGS if (match := one.match(beginning))), None)
    return match["app"] if match else None
