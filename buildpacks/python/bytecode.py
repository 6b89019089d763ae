"""Compiling a layer's modules to bytecode that is the same in every build: the app starts fast, digests stay equal."""

from __future__ import annotations

from pathlib import Path

from buildpacks.sdk import BuildContext

_PROGRAM = Path(__file__).with_name("precompile.py")


def compile_tree(context: BuildContext, python: Path, root: Path) -> None:
    """Compile everything below ``root`` with the Python that will run it, in an environment of its own."""
    context.run(python, "-SsB", _PROGRAM, root, env={"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}, show=False)
