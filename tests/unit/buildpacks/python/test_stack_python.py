"""Copying the stack's own Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from buildpacks.python.stack_python import copy_stack_python, extension_modules, find_stack_python, parse_ldd
from tests.support.python_app import make_stack_python


def test_find_stack_python() -> None:
    """The stack's Python is the one that runs the buildpack."""
    stack = find_stack_python()

    assert stack.version.numbers == sys.version_info[:3]
    assert (stack.library / "os.py").is_file()
    assert os.access(stack.executable, os.X_OK)


def test_copy_stack_python(tmp_path: Path) -> None:
    """Interpreter and library are copied, without tests, static library, bytecode, and modules that could not load."""
    stack = make_stack_python(tmp_path / "usr")
    to = tmp_path / "layer"
    to.mkdir()
    needed = {"_ssl.so": frozenset({"libssl.so.3"}), "_dbm.so": frozenset({"libdb-5.3.so"})}

    left_out = copy_stack_python(stack, to, needed)

    assert left_out == ("_dbm",)
    assert sorted(str(path.relative_to(to)) for path in to.rglob("*") if not path.is_dir()) == [
        "bin/python",
        "bin/python3",
        "bin/python3.13",
        "include/python3.13",
        "lib/python3.13/alias.py",
        "lib/python3.13/json/__init__.py",
        "lib/python3.13/lib-dynload/_ssl.so",
        "lib/python3.13/os.py",
    ]
    assert (to / "bin/python").readlink() == Path("python3.13")
    assert not (to / "lib/python3.13/alias.py").is_symlink()


def test_parse_ldd(tmp_path: Path) -> None:
    """Ldd's blocks become the libraries of each file, without glibc's."""
    stack = make_stack_python(tmp_path)
    dbm, ssl = extension_modules(stack)
    lines = (
        f"{dbm}:",
        "\tlinux-vdso.so.1 (0x00007f)",
        "\tlibdb-5.3.so => /lib/libdb-5.3.so (0x00007f)",
        "\tlibc.so.6 => /lib/libc.so.6 (0x00007f)",
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)",
        f"{ssl}:",
        "\tlibssl.so.3 => not found",
    )

    assert parse_ldd(lines, (dbm, ssl)) == {
        "_dbm.so": frozenset({"libdb-5.3.so"}),
        "_ssl.so": frozenset({"libssl.so.3"}),
    }
