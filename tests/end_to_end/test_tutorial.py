"""The tutorial, followed literally: its shell blocks, one after the other, in one shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.offramp import REPOSITORY, free_port, installation

pytestmark = pytest.mark.end_to_end


def test_every_command_of_the_tutorial_works(tmp_path: Path) -> None:
    """Who types what the tutorial says gets to its end, and sees what it promises."""
    text = (REPOSITORY / "docs" / "tutorial.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    # Only the port differs from the page: 5000 may be taken on the machine that tests.
    script = "set -e\n" + "\n".join(blocks).replace("5000", str(free_port()))
    with installation() as offramp:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={
                **offramp.environ,
                "OFFRAMP": str(REPOSITORY),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "The tea shop" in done.stdout
    assert "Applying catalog.0001_initial... OK" in done.stdout
    assert "offramp/python: venv (reused, unchanged)" in done.stderr
    assert "2-processes/web.yaml" in done.stdout
    assert "System check identified no issues" in done.stdout
