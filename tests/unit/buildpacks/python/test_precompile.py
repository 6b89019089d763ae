"""Bytecode that is the same in every build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from buildpacks.python import precompile


def _compile(root: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, "-SsB", precompile.__file__, str(root)], check=True, env={"PYTHONHASHSEED": "0"})
    return {path.name: path.read_bytes() for path in sorted(root.rglob("*.pyc"))}


def test_precompile_is_deterministic(tmp_path: Path) -> None:
    """Two runs over equal files give equal bytes, checked against no source; a broken file is left alone."""
    for number in range(20):
        (tmp_path / f"m{number}.py").write_text(f"X = ({number}, 'a b', frozenset({{'x', 'y', 'z'}}))\n" * number)
    (tmp_path / "python2.py").write_text("print 'hello'\n")
    (tmp_path / "link.py").symlink_to("m1.py")

    first = _compile(tmp_path)
    for file in tmp_path.rglob("*.pyc"):
        file.unlink()

    assert _compile(tmp_path) == first
    assert len(first) == 20
    assert {data[4:8] for data in first.values()} == {b"\x01\0\0\0"}
