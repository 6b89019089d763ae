"""Making packages work where they are: in a layer, not in the root of a system."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

# Documentation, as the stack leaves it out of its images; licences stay.
_LEFT_OUT = ("usr/share/man", "usr/share/info", "usr/share/lintian", "usr/share/bug", "usr/share/doc-base")
_DOCUMENTATION = "usr/share/doc"
_MERGED = ("bin", "sbin", "lib", "lib64")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_.]*\s*=\s*)(?P<path>/usr(?:/.*)?)")
_PROGRAM, _PLAIN = 0o755, 0o644


def prepare_tree(tree: Path) -> None:
    """Make ``/bin``, ``/lib`` and the like links into ``usr`` as in every Debian system, so that all unpacks there."""
    for name in _MERGED:
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")


def relocate(tree: Path, layer: Path) -> None:
    """Mend what was unpacked into ``tree``, which apps will find at ``layer``."""
    for name in _MERGED:
        (tree / name).unlink()
        if not any((tree / "usr" / name).iterdir()):
            (tree / "usr" / name).rmdir()
    _leave_out_documentation(tree)
    # Real paths first: whether a link's target is there must not depend on links already changed.
    links = [path for path in sorted(tree.rglob("*")) if path.is_symlink()]
    for link in links:
        _mend_link(link, tree)
    for path in sorted(tree.rglob("*")):
        if not path.is_symlink():
            _mend_mode(path)
            if path.suffix == ".pc" and path.parent.name == "pkgconfig":
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                path.write_text(mend_pkg_config(text, str(layer)), encoding="utf-8", errors="surrogateescape")


def mend_target(link: str, target: str, is_here: Callable[[str], bool]) -> str:
    """Say where a link has to lead so that it means the same in a layer.

    Args:
        link: the link's absolute path, as in an installed system.
        target: what it holds.
        is_here: tells whether an absolute path of the installed system is in the layer.

    What is in the layer is reached by a relative path, what only the image has by an absolute one.
    """
    absolute = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    merged = f"/usr{absolute}" if absolute.split("/")[1] in _MERGED else absolute
    if not is_here(merged):
        return absolute
    return posixpath.relpath(merged, posixpath.dirname(link))


def mend_pkg_config(text: str, layer: str) -> str:
    """Let the variables of a ``.pc`` file that begin with ``/usr`` begin in the layer."""
    return "".join(_mend_line(line, layer) for line in text.splitlines(keepends=True))


def _mend_line(line: str, layer: str) -> str:
    found = _VARIABLE.fullmatch(line.rstrip("\r\n"))
    return line if found is None else f"{found['name']}{layer}{found['path']}\n"


def _mend_link(link: Path, tree: Path) -> None:
    def is_here(path: str) -> bool:
        return os.path.lexists(tree / path.lstrip("/"))

    target = str(link.readlink())
    mended = mend_target("/" + link.relative_to(tree).as_posix(), target, is_here)
    if mended != target:
        link.unlink()
        link.symlink_to(mended)


def _mend_mode(path: Path) -> None:
    """Give the two modes that mean something here: no bit lets a program take another user's rights."""
    mode = path.stat().st_mode
    path.chmod(_PROGRAM if stat.S_ISDIR(mode) or mode & 0o111 else _PLAIN)


def _leave_out_documentation(tree: Path) -> None:
    for name in _LEFT_OUT:
        shutil.rmtree(tree / name, ignore_errors=True)
    for path in sorted((tree / _DOCUMENTATION).glob("*/*")):
        if path.name == "copyright":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
