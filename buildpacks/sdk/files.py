"""Reading an app's files: absent is not unreadable, and unreadable is not malformed."""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk.errors import FileUnreadableError


def read_text_if_present(file: Path) -> str | None:
    """Read a UTF-8 file, or give None when there is none.

    Raises:
        FileUnreadableError: it is there, but is a directory, not permitted, or not UTF-8.
    """
    data = read_bytes_if_present(file)
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnreadableError(file=file, problem=f"it is not UTF-8 text (byte {error.start})") from None


def read_bytes_if_present(file: Path) -> bytes | None:
    """Read a file, or give None when there is none.

    Raises:
        FileUnreadableError: it is there, but is a directory or not permitted.
    """
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileUnreadableError(file=file, problem=error.strerror or str(error)) from None


def names_in(directory: Path) -> tuple[str, ...]:
    """List the names in a directory, sorted; nothing when there is no such directory."""
    import os

    try:
        return tuple(sorted(os.listdir(directory)))  # noqa: PTH208 - names are wanted, paths are slower
    except (FileNotFoundError, NotADirectoryError):
        return ()


def sha256_of(data: bytes) -> str:
    """Give the sha256 of some bytes, in hexadecimal."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def write_if_changed(file: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file unless it holds these bytes already, so that an unchanged layer stays untouched on disk."""
    if file.is_file() and not file.is_symlink() and file.read_bytes() == data:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.chmod(mode)
