"""Compiles modules for the Python that runs this: a program of its own, run by each Python to start quickly on.

Usage: python3 compile_modules.py DIRECTORY. Every ``source/<name>``, a marshalled dict from module to (is it a package,
text), becomes ``<tag>/<name>`` with code in place of the texts.
"""

from __future__ import annotations

import marshal
import sys
from pathlib import Path


def main() -> None:
    """Compile all of a directory."""
    directory = Path(sys.argv[1])
    target = directory / str(sys.implementation.cache_tag)
    target.mkdir(exist_ok=True)
    for file in sorted((directory / "source").iterdir()):
        sources = marshal.loads(file.read_bytes())  # noqa: S302 - written a moment ago by whoever started this
        compiled = {name: (is_package, code(name, text, is_package)) for name, (is_package, text) in sources.items()}
        (target / file.name).write_bytes(marshal.dumps(compiled, 2))


def code(name: str, text: str, is_package: bool) -> bytes:  # noqa: FBT001
    """Compile one module."""
    path = name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
    return marshal.dumps(compile(text, path, "exec", dont_inherit=True))


if __name__ == "__main__":
    main()
