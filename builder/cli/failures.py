"""Failures, as a person reads them: what happened, why, what to do; and their exit code."""

from __future__ import annotations

import errno
import os
import sys
import textwrap
import traceback

import click

from lifecycle_py.spec.errors import ExplainedError, Explanation, Source

_WIDTH = 110


def explain_failure(error: Exception, *, color: bool) -> int:
    """Print a failure to stderr; give the exit code of the process."""
    if isinstance(error, ExplainedError):
        _show(error.explain(), color=color)
        if error.source is Source.NETWORK:
            _line("If the network was at fault, the same command may succeed when repeated.")
        return error.exit_code
    if isinstance(error, OSError):
        _show(_explain_os_error(error), color=color)
        return 1
    _show(
        Explanation(
            what="Internal error",
            why=f"{type(error).__name__}: {error}",
            fix=(
                "This is a fault of Offramp, not of your app. Please report it with the lines below.",
                "Set OFFRAMP_TRACEBACK=1 to see where it happened.",
            ),
        ),
        color=color,
    )
    if os.environ.get("OFFRAMP_TRACEBACK"):
        traceback.print_exception(error)
    return 1


def _explain_os_error(error: OSError) -> Explanation:
    name = f"'{error.filename}'" if error.filename else "a file"
    if error.errno == errno.ENOSPC:
        return Explanation(
            what="The disk is full",
            why=f"there was no space left to write {name}; the image was not written, the caches are as they were",
            fix=("Free some space, or choose another place with OFFRAMP_CACHE and OFFRAMP_DATA, then build again.",),
        )
    return Explanation(what=f"Cannot work with {name}", why=error.strerror or str(error))


def _show(explanation: Explanation, *, color: bool) -> None:
    label = click.style("Error:", fg="red", bold=True) if color else "Error:"
    _line(f"\n{label} {explanation.what}")
    for line in explanation.why.splitlines():
        _line(_wrapped(line, "  "))
    if explanation.fix:
        _line("")
    for number, step in enumerate(explanation.fix, start=1):
        marker = f"  {number}. " if len(explanation.fix) > 1 else "  "
        _line(_wrapped(step, marker, " " * len(marker)))


def _wrapped(text: str, first: str, rest: str | None = None) -> str:
    indent = text[: len(text) - len(text.lstrip())]
    return textwrap.fill(
        text.strip(),
        width=_WIDTH,
        initial_indent=first + indent,
        subsequent_indent=(first if rest is None else rest) + indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _line(text: str) -> None:
    click.echo(text, file=sys.stderr)
