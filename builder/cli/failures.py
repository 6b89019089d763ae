"""Failures, as a person reads them: what happened, why, what to do; and their exit code."""

from __future__ import annotations

import errno
import json
import os
import sys
import textwrap
import traceback

import click

from lifecycle_py.output import Kind
from lifecycle_py.spec.errors import ExplainedError, Explanation, Source

_WIDTH = 110


def explain_failure(error: Exception, *, color: bool, as_json: bool = False) -> int:
    """Print a failure to stderr, as text or as the last JSON line; give the exit code of the process."""
    explanation = _explain(error)
    code = error.exit_code if isinstance(error, ExplainedError) else 1
    if as_json:
        _line(_json(explanation, code))
        return code
    _show(explanation, color=color)
    if isinstance(error, ExplainedError) and error.source is Source.NETWORK:
        _line("If the network was at fault, the same command may succeed when repeated.")
    if os.environ.get("OFFRAMP_TRACEBACK"):
        traceback.print_exception(error)
    return code


def _explain(error: Exception) -> Explanation:
    if isinstance(error, ExplainedError):
        return error.explain()
    if isinstance(error, OSError):
        return _explain_os_error(error)
    return Explanation(
        what="Internal error",
        why=f"{type(error).__name__}: {error}",
        fix=(
            "This is a fault of Offramp, not of your app.",
            "Please report it with what OFFRAMP_TRACEBACK=1 in front of the same command shows.",
        ),
    )


def _json(explanation: Explanation, code: int) -> str:
    return json.dumps(
        {
            "kind": Kind.ERROR,
            "text": explanation.what,
            "why": explanation.why,
            "fix": list(explanation.fix),
            "code": code,
        }
    )


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
