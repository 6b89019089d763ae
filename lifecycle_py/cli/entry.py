"""The entry point of the phase programs: which phase, which Platform API; every failure ends here as text and code.

Facts: reference/cnb.md §b.1, §b.3. The phase is the program's own name (``/cnb/lifecycle/detector``) or the first
argument (``lifecycle-py detect``).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from lifecycle_py.errors import InvalidArgumentError
from lifecycle_py.spec.api_versions import SUPPORTED_PLATFORM_APIS, parse_api
from lifecycle_py.spec.errors import ExplainedError, UnsupportedApiError
from lifecycle_py.version import __version__

_PLATFORM_API_ERROR = 11
_GENERIC_ERROR = 1

# A phase's own name as a program, and the code of failures that have none of their own.
_PROGRAMS = {
    "analyzer": "analyze",
    "detector": "detect",
    "restorer": "restore",
    "extender": "extend",
    "builder": "build",
    "exporter": "export",
    "creator": "create",
    "rebaser": "rebase",
}
_CODES = {"analyze": 32, "detect": 22, "restore": 42, "extend": 102, "build": 52, "export": 62, "rebase": 72}
_USAGE = """\
Usage: lifecycle-py PHASE [FLAGS] [IMAGE ...]

The phases of the Cloud Native Buildpacks lifecycle as programs, with the flags and CNB_* variables of the
specification: analyze, detect, restore, extend, build, export, create, rebase. CNB_PLATFORM_API has to be set.
"""


def main() -> None:
    """Run a phase and exit with the specification's code."""
    # What a phase makes while it starts stays: looking through that for garbage took a tenth of the time.
    gc.set_threshold(50_000)
    sys.exit(run(sys.argv, os.environ))


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the phase that argv names, by the program's own name or by its first argument."""
    arguments = list(argv[1:])
    if "-version" in arguments or "--version" in arguments:
        sys.stdout.write(f"{__version__}\n")
        return 0
    name = _PROGRAMS.get(Path(argv[0]).name) or (arguments.pop(0) if arguments else "")
    if name in {"help", "-h", "-help", "--help"}:
        sys.stdout.write(_USAGE)
        return 0
    try:
        _run_phase(name, arguments, environ)
    except ExplainedError as error:
        _show(error)
        return _exit_code(error, name)
    except OSError as error:
        sys.stderr.write(f"ERROR: failed to {name}: {error}\n")
        return _CODES.get(name, _GENERIC_ERROR)
    except KeyboardInterrupt:
        return 130
    return 0


def _exit_code(error: ExplainedError, phase: str) -> int:
    """Give an error's own code, or the one of the phase it happened in."""
    if isinstance(error, UnsupportedApiError) and error.kind == "Platform":
        return _PLATFORM_API_ERROR
    return error.exit_code if error.exit_code != _GENERIC_ERROR else _CODES.get(error.phase or phase, _GENERIC_ERROR)


def _run_phase(name: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Check the Platform API before anything else is read, then the phase, then its flags."""
    api = parse_api(
        environ.get("CNB_PLATFORM_API", ""),
        kind="Platform",
        owner="the platform (CNB_PLATFORM_API)",
        supported=SUPPORTED_PLATFORM_APIS,
    )
    if name not in _PROGRAMS.values():
        raise InvalidArgumentError(problem=f"there is no phase '{name}'; there are {', '.join(_PROGRAMS.values())}")
    from lifecycle_py.cli.flag_table import flags_of
    from lifecycle_py.cli.flags import parse_arguments
    from lifecycle_py.cli.invocation import Invocation
    from lifecycle_py.cli.output import Level, LogReporter

    parsed = parse_arguments(arguments, flags_of(name, api), environ)
    reporter = LogReporter(Level.parse(parsed.text("log-level")))
    for word in parsed.positional:
        if word.startswith("-"):
            reporter.warning(f"unconsumed flag-like positional arg: {word}; flags come before positional arguments")
    call = Invocation(phase=name, arguments=parsed, api=api, environ=environ, reporter=reporter)
    import_module(f"lifecycle_py.cli.{name}").run(call)


def _show(error: ExplainedError) -> None:
    explanation = error.explain()
    lines = [f"ERROR: {explanation.what}: {explanation.why}" if explanation.why else f"ERROR: {explanation.what}"]
    sys.stderr.write("\n".join([*lines, *explanation.fix]) + "\n")
