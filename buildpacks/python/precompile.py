"""Compile every module below a directory, the same bytes each time; run by the app's Python, as a program.

    python precompile.py ROOT          all of it, on every core
    python precompile.py ROOT PART     one part of it

Bytecode depends on what the interpreter compiled before (marshal marks objects that are referenced twice), so files
are compiled in fixed parts, each in its own process and in a fixed order, whatever the number of cores. Bytecode is
checked against no source ("unchecked-hash"): the files of a layer do not change, and their times say nothing.

Files that do not compile, such as templates or code for Python 2, are left to their users.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

_PARTS = 8


def main(argv: list[str]) -> int:
    """Compile one part, or start the processes that compile all of them."""
    root = argv[1]
    if len(argv) > 2:  # noqa: PLR2004 - the program, the directory, the part
        _compile_part(root, int(argv[2]))
        return 0
    return _run_parts([sys.executable, "-SsB", argv[0], root], os.cpu_count() or 1)


def _run_parts(command: list[str], at_once: int) -> int:
    environment = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
    waiting, running, failed = list(range(_PARTS)), 0, 0
    while waiting or running:
        if waiting and running < at_once:
            os.posix_spawn(command[0], [*command, str(waiting.pop(0))], environment)
            running += 1
            continue
        _, status = os.wait()
        running -= 1
        failed |= status != 0
    return failed


def _compile_part(root: str, part: int) -> None:
    import py_compile

    files = sorted(_sources(root), key=lambda file: (-os.path.getsize(file), file))  # noqa: PTH202 - start-up time
    for file in files[part::_PARTS]:
        try:
            py_compile.compile(file, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError):
            continue


def _sources(root: str) -> Iterator[str]:
    for directory, _, names in os.walk(root):
        for name in names:
            file = os.path.join(directory, name)  # noqa: PTH118 - start-up time
            if name.endswith(".py") and not os.path.islink(file):  # noqa: PTH114 - start-up time
                yield file


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
