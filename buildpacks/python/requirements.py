"""What the contents of a pip environment depend on: ``requirements.txt`` and every file it names.

Heroku looks at ``requirements.txt`` alone, so a change in ``-r base.txt`` goes unnoticed there; here it does not.
"""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk import read_bytes_if_present, sha256_of

REQUIREMENTS = "requirements.txt"
_INCLUDES = ("-r", "--requirement", "-c", "--constraint")


def requirements_digest(app_dir: Path) -> str:
    """Give one digest of ``requirements.txt`` and all files it includes, with their names."""
    parts = [f"{name}\0{sha256_of(data)}" for name, data in sorted(_closure(app_dir).items())]
    return sha256_of("\n".join(parts).encode())


def has_local_requirements(app_dir: Path) -> bool:
    """Tell whether something is installed from the app's own source, which no digest of these files covers."""
    return any(
        word.startswith((".", "file:")) or "@ file:" in line
        for data in _closure(app_dir).values()
        for line in _lines(data)
        for word in line.removeprefix("--editable").removeprefix("-e").lstrip("= ").split()[:1]
    )


def _closure(app_dir: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    pending = [app_dir / REQUIREMENTS]
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
