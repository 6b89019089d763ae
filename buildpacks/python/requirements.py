"""What the contents of a pip environment depend on: ``requirements.txt`` and every file it names.

Heroku looks at ``requirements.txt`` alone, so a change in ``-r base.txt`` goes unnoticed there; here it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from buildpacks.python.local_sources import LocalSource
from buildpacks.sdk import read_bytes_if_present, sha256_of

REQUIREMENTS = "requirements.txt"
_INCLUDES = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("--editable", "-e")


def requirements_digest(app_dir: Path, names: Iterable[str] = (REQUIREMENTS,)) -> str:
    """Give one digest of the named requirements files and all files they include, with their names."""
    parts = [f"{name}\0{sha256_of(data)}" for name, data in sorted(_closure(app_dir, names).items())]
    return sha256_of("\n".join(parts).encode())


def local_sources(app_dir: Path, names: Iterable[str] = (REQUIREMENTS,)) -> tuple[LocalSource, ...]:
    """List what the requirements install from the app's own source. pip reads such a path from the app directory."""
    found: dict[Path, LocalSource] = {}
    for data in _closure(app_dir, names).values():
        for line in _lines(data):
            source = _local_source(app_dir, line)
            if source is not None:
                found[source.path] = source
    return tuple(found.values())


def _local_source(app_dir: Path, line: str) -> LocalSource | None:
    option = next((one for one in _EDITABLE if line.startswith(one)), "")
    text = line.removeprefix(option).lstrip("= ").split(" #")[0].split(";")[0].strip()
    _, at, address = text.partition("@ ")
    text = address.strip() if at and address.strip().startswith("file:") else text.split("[")[0]
    if text.startswith("file:"):
        path = Path("/" + text.removeprefix("file:").split("#")[0].lstrip("/"))
        return LocalSource(path=path, is_editable=bool(option))
    is_path = text in {".", ".."} or text.startswith(("./", "../")) or (option and "://" not in text)
    return LocalSource(path=app_dir / text, is_editable=bool(option)) if is_path else None


def _closure(app_dir: Path, names: Iterable[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    pending = [app_dir / name for name in names]
    while pending:
        file = pending.pop()
        name = str(file.relative_to(app_dir)) if file.is_relative_to(app_dir) else str(file)
        data = read_bytes_if_present(file)
        if name in files or data is None:  # a missing file is pip's to explain
            continue
        files[name] = data
        pending.extend(file.parent / included for included in _included(data))
    return files


def _included(data: bytes) -> list[str]:
    included: list[str] = []
    for line in _lines(data):
        option = next((one for one in sorted(_INCLUDES, key=len, reverse=True) if line.startswith(one)), None)
        if option:
            included.append(line.removeprefix(option).lstrip("= ").split(" #")[0].strip())
    return included


def _lines(data: bytes) -> list[str]:
    lines = (line.strip() for line in data.decode(errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
