"""The entry point: answers ``--version`` before anything heavy is imported, and ends every failure in words."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from lifecycle_py.version import __version__

        sys.stdout.write(f"offramp {__version__}\n")
        return
    from builder.cli.main import run

    sys.exit(run(sys.argv[1:]))
