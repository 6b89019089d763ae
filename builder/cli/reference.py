"""The command-line reference, written from the commands themselves: ``python -m builder.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from builder.cli.main import offramp
from builder.errors import __name__ as builder_errors
from lifecycle_py.errors import __name__ as lifecycle_errors
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.errors import __name__ as spec_errors

_WIDTH = 100
_HEAD = """\
# The command line

Written by `python -m builder.cli.reference` from the commands themselves; a test fails when it is out of date.

Results go to stdout, everything else to stderr. `IMAGE` is `NAME[:TAG]` in the local store,
`oci:DIR[:NAME]`, or `docker://HOST/REPO[:TAG]`.
"""

_EXIT_CODES = """\
## Exit codes

| Code | Meaning |
| --- | --- |
| 0 | done |
| 1 | anything that has no code of its own |
| 2 | wrong usage |
| 130 | interrupted by Ctrl-C |
| 143 | ended by SIGTERM |
"""


def render() -> str:
    """Give the whole page."""
    context = click.Context(offramp, info_name="offramp", terminal_width=_WIDTH)
    parts = [_HEAD]
    for name in offramp.list_commands(context):
        command = offramp.get_command(context, name)
        if command is not None:
            parts.extend(
                _command(command, click.Context(command, info_name=name, parent=context, terminal_width=_WIDTH))
            )
    parts.append(
        _EXIT_CODES + "\n".join(_specification_codes()) + "\n\n`offramp run` exits with the code of the process.\n"
    )
    return "\n".join(parts)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _command(below, click.Context(below, info_name=name, parent=context, terminal_width=_WIDTH))


def _specification_codes() -> Iterator[str]:
    """Give a row per code of the specification, with the errors that end with it."""
    by_code: dict[int, list[str]] = {20: ["NothingDetectedError"], 21: ["NothingDetectedError, when detection broke"]}
    modules = {builder_errors, lifecycle_errors, spec_errors}
    for error in sorted(_subclasses(ExplainedError), key=lambda one: one.__name__):
        code = error.__dict__.get("exit_code")
        if isinstance(code, int) and error.__module__ in modules and code not in {1, 2}:
            by_code.setdefault(code, []).append(error.__name__)
    for code, names in sorted(by_code.items()):
        yield f"| {code} | {', '.join(names)} |"


def _subclasses(cls: type[ExplainedError]) -> Iterator[type[ExplainedError]]:
    for below in cls.__subclasses__():
        yield below
        yield from _subclasses(below)


if __name__ == "__main__":
    sys.stdout.write(render())
