"""The entry point of ``lifecycle-py``: which phase, which Platform API; every failure ends here as text and code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.spec.api_versions import SUPPORTED_PLATFORM_APIS, parse_api
from lifecycle_py.spec.errors import ExplainedError, UnsupportedApiError
from lifecycle_py.version import __version__

_PLATFORM_API_ERROR = 11
_NAMES = {"detector": "detect", "builder": "build", "creator": "create"}
_USAGE = """\
Usage: lifecycle-py detect|build|create [FLAGS] [IMAGE]

The phases of the Cloud Native Buildpacks lifecycle as programs, with the flags and CNB_* variables of the
specification. CNB_PLATFORM_API has to be set.
"""

Phase = Callable[[Sequence[str], Mapping[str, str]], None]


def main() -> None:
    """Run a phase and exit with the specification's code."""
    sys.exit(run(sys.argv, os.environ))


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the phase that argv names, by its first argument or by the program's own name (multi-call)."""
    arguments = list(argv[1:])
    if "-version" in arguments or "--version" in arguments:
        sys.stdout.write(f"{__version__}\n")
        return 0
    own_name = _NAMES.get(Path(argv[0]).name)
    name = own_name or (arguments.pop(0) if arguments else "")
    try:
        phase = _phase(name)
        if phase is None:
            sys.stderr.write(_USAGE)
            return 0 if name in {"help", "-h", "--help"} else InvalidArgumentError.exit_code
        _check_platform_api(environ)
        phase(arguments, environ)
    except UnsupportedApiError as error:
        _show(error)
        return _PLATFORM_API_ERROR if error.kind == "Platform" else error.exit_code
    except ExplainedError as error:
        _show(error)
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"ERROR: failed to {name}: {error}\n")
        return 1
    return 0


def _phase(name: str) -> Phase | None:
    if name not in _NAMES.values():
        return None
    from lifecycle_py.cli import phases

    return {"detect": phases.detect_phase, "build": phases.build_phase, "create": phases.create_phase}[name]


def _check_platform_api(environ: Mapping[str, str]) -> None:
    parse_api(
        environ.get("CNB_PLATFORM_API", ""),
        kind="Platform",
        owner="the platform (CNB_PLATFORM_API)",
        supported=SUPPORTED_PLATFORM_APIS,
    )


def _show(error: ExplainedError) -> None:
    explanation = error.explain()
    lines = [f"ERROR: {explanation.what}: {explanation.why}" if explanation.why else f"ERROR: {explanation.what}"]
    sys.stderr.write("\n".join([*lines, *explanation.fix]) + "\n")
