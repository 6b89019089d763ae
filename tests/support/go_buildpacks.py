"""Buildpacks of the fixtures that are written in Go, compiled once per session."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
_SOURCES = _REPOSITORY / "fixtures" / "go_buildpacks"


@cache
def go_buildpack(name: str) -> Path:
    """Compile a buildpack and give its directory: ``buildpack.toml``, and one program under two names."""
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    directory.chmod(0o755)
    (directory / "bin").mkdir(mode=0o755)
    # go.sum pins what is downloaded.
    settings = {"CGO_ENABLED": "0", "GOSUMDB": "off", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false"}
    command = [_go(), "build", "-ldflags", "-s -w", "-o", str(directory / "bin" / "build"), "."]
    subprocess.run(command, cwd=_SOURCES / name, env={**os.environ, **settings}, check=True)
    (directory / "bin" / "detect").symlink_to("build")
    shutil.copy(_SOURCES / name / "buildpack.toml", directory)
    return directory


def _go() -> str:
    """Give the path of a Go that is new enough."""
    done = subprocess.run([_REPOSITORY / "tools" / "go-program"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
