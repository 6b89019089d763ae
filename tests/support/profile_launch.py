"""Running the program for ``.profile.d`` as a launcher does: bash is real, descriptor 3 is a file."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

from buildpacks.sdk.profile_scripts import profile_program
from tests.support.trees import write_tree

ENV = {"PATH": "/usr/bin:/bin", "HOME": "/home/somebody", "KEPT": "as it was"}


class Launch:
    """How a run of the program ended: its status, what it printed, and the variables it gave to descriptor 3."""

    def __init__(self, app: Path, scripts: dict[str, str], **env: str) -> None:
        """Run the program over these scripts."""
        write_tree(app, {f".profile.d/{name}": text for name, text in scripts.items()})
        program = app.parent / "program"
        program.write_text(profile_program(app))
        program.chmod(0o755)
        output = app.parent / "output"
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" 3> "$1"', program, output],
            env={**ENV, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        self.status, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr
        self.variables = tomllib.loads(output.read_text(encoding="utf-8"))
