"""What Bootsnap leaves in its cache, made the same in every build of the same source.

An entry begins with a header of 64 bytes: six numbers, a digest and a flag, and 15 bytes that Bootsnap writes without
having set them, so they hold whatever its memory held. They are set to zero; nothing reads them.
"""

from __future__ import annotations

from pathlib import Path

# The version of the format is the header's first number; 5 and 6 (Bootsnap 1.17 and 1.18) have this one.
_VERSIONS = (5, 6)
_HEADER, _UNSET = 64, 49
DIRECTORIES = ("compile-cache-iseq", "compile-cache-yaml", "compile-cache-json")


def settle_bytecode(cache: Path) -> None:
    """Set to zero what Bootsnap left unset in the entries of a cache; an entry of another form stays as it is."""
    for directory in DIRECTORIES:
        for entry in (cache / directory).rglob("*"):
            if entry.is_file() and not entry.is_symlink():
                _settle(entry)


def _settle(entry: Path) -> None:
    with entry.open("r+b") as file:
        header = file.read(_HEADER)
        if len(header) == _HEADER and int.from_bytes(header[:4], "little") in _VERSIONS:
            file.seek(_UNSET)
            file.write(bytes(_HEADER - _UNSET))
