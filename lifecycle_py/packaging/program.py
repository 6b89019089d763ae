"""Puts the one program together: a line of shell that finds Python, and a zip of what ``boot`` reads."""

from __future__ import annotations

import io
import marshal
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_HEAD: Final = b"""\
#!/bin/sh
# The Offramp lifecycle. The phase is this program's name, or its first argument.
PATH="$PATH:/usr/local/bin:/usr/bin"
python=$(command -v python3) && exec "$python" -IS -X utf8 "$0" "$@"
echo "ERROR: the lifecycle needs python3, version 3.11 or newer, and this build image has none" >&2
exit 1
"""
ENTRY: Final = "lifecycle_py.cli.entry"
_TIME: Final = (1980, 1, 1, 0, 0, 0)


def write_sources(sources: Mapping[str, Mapping[str, tuple[bool, str]]], directory: Path) -> None:
    """Write modules as ``compile_modules`` reads them."""
    (directory / "source").mkdir()
    for name, modules in sources.items():
        (directory / "source" / name).write_bytes(marshal.dumps(dict(modules), 2))


def program_bytes(modules: Path, native: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """Give the program.

    Args:
        modules: what ``write_sources`` and ``compile_modules`` left.
        native: ``<tag>-<machine>/<top-level name>`` → extension modules by name.
    """
    stream = io.BytesIO()
    stream.write(_HEAD)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:  # stored: nothing to undo at every start
        for name, data in _members(modules, native):
            archive.writestr(zipfile.ZipInfo(name, _TIME), data)
    return stream.getvalue()


def _members(modules: Path, native: Mapping[str, Mapping[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    boot = Path(__file__).with_name("boot.py").read_text(encoding="utf-8")
    yield "__main__.py", f"{boot}\n\nstart({ENTRY!r})\n".encode()
    for file in sorted(path for path in modules.rglob("*") if path.is_file()):
        yield f"modules/{file.relative_to(modules)}", file.read_bytes()
    for name, binaries in sorted(native.items()):
        yield f"native/{name}", marshal.dumps(dict(sorted(binaries.items())), 2)
