"""Directory trees as text maps: ``{"bin/run": "#!…", "empty/": "", "link": "-> bin/run"}``."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

TreeMap = Mapping[str, str]


def write_tree(root: Path, tree: TreeMap) -> Path:
    """Make a tree; scripts (``#!``) are executable."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif content.startswith("-> "):
            path.symlink_to(content.removeprefix("-> "))
        else:
            path.write_text(content)
            path.chmod(0o755 if content.startswith("#!") else 0o644)
    return root


def read_tree(root: Path) -> dict[str, str]:
    """Give a tree as a map, sorted; directories only where they are empty."""
    found: dict[str, str] = {}
    for parent, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = Path(parent, name)
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file():
                found[key] = path.read_text()
            elif not any(path.iterdir()):
                found[f"{key}/"] = ""
    return dict(sorted(found.items()))


def wait_for_clock(directory: Path) -> None:
    """Wait until the file system's clock has moved on, which it does in steps of some milliseconds."""
    probe = directory / ".clock"
    probe.touch()
    before = probe.stat().st_ctime_ns
    while probe.stat().st_ctime_ns == before:
        time.sleep(0.001)
        probe.touch()
    probe.unlink()
