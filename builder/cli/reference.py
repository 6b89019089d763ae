"""The command-line reference, written from the commands themselves: ``python -m builder.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from builder.cli.main import offramp

_WIDTH = 100
_HEAD = """\
# The command line

Written by `python -m builder.cli.reference` from the commands themselves; a test fails when it is out of date.

Results go to stdout, everything else to stderr. `IMAGE` is `NAME[:TAG]` in the local store,
`oci:DIR[:NAME]`, `docker://HOST/REPO[:TAG]`, or `docker-daemon:NAME[:TAG]`.
"""

# The specification's codes (reference/cnb.md §b.3), in words a user can act on.
_MEANINGS = {
    3: "a flag or argument of a phase is wrong (`lifecycle-py`)",
    11: "the Platform API is missing or not supported (`lifecycle-py`)",
    12: "a buildpack needs a Buildpack API that is not supported",
    20: "no buildpack recognises the app",
    21: "no buildpack passed, and the detection of one broke",
    22: "the order of buildpacks is wrong",
    51: "a buildpack failed to build the app; its own message says why",
    52: "a buildpack could not be run, or left what the specification forbids",
    62: "the image could not be put together",
}
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
        _EXIT_CODES
        + "\n".join(f"| {code} | {meaning} |" for code, meaning in _MEANINGS.items())
        + "\n\n`offramp run` exits with the code of the process.\n"
    )
    return "\n".join(parts)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _command(below, click.Context(below, info_name=name, parent=context, terminal_width=_WIDTH))


if __name__ == "__main__":
    sys.stdout.write(render())
