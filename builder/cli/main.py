"""The command group: loads a subcommand's module only when it is used, and maps failures to text and exit codes."""

from __future__ import annotations

import importlib
import itertools
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import ClassVar

import click

from builder.cli.failures import explain_failure
from builder.cli.options import COLOR
from lifecycle_py.spec.errors import nearest

_INTERRUPTED = 130


class _Commands(click.Group):
    """Subcommands by name → module; the function in it is called ``command``."""

    modules: ClassVar[dict[str, tuple[str, str]]] = {
        "build": ("builder.cli.build", "Build an app into an OCI image."),
        "run": ("builder.cli.run", "Run a process of an image."),
        "images": ("builder.cli.images", "List the images of the local store."),
        "cache": ("builder.cli.cache", "Show or prune what is kept between builds."),
        "inspect": ("builder.cli.inspect_image", "Show what an image holds and runs."),
        "rebase": ("builder.cli.rebase", "Put an image on a newer base, without building it again."),
        "sbom": ("builder.cli.sbom", "Tell what an image is made of."),
        "translate": ("builder.cli.translate", "Write the Kubernetes objects of an image."),
        "explain": ("builder.cli.explain", "Tell why a build decides as it does."),
        "stack": ("builder.cli.stack", "Make or inspect a base image."),
        "builder": ("builder.cli.builder_group", "Make what builder images consist of."),
        "doctor": ("builder.cli.doctor", "Tell what works on this host and what would help."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the subcommands in the order of a first use."""
        del ctx
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a subcommand."""
        del ctx
        entry = self.modules.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(entry[0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; name the nearest when there is none."""
        close = nearest(args[0], tuple(self.modules))
        if args[0] not in self.modules and close:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{close}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.modules.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offramp", message="offramp %(version)s")
def offramp() -> None:
    """Take a Heroku-style app from its source to an OCI image and to Kubernetes, without Docker."""


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911 - an exit code for each way to end
    """Run the command line; give the exit code."""
    # A build that is asked to end unwinds like any failure: no process and no half-written file stays.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        context = {"offramp.arguments": tuple(arguments)}
        result = offramp.main(list(arguments), prog_name="offramp", standalone_mode=False, obj=context)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except _EndedBySignal as ended:
        click.echo(f"Ended by {ended.number.name}.", err=True)
        return 128 + ended.number
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:  # noqa: BLE001 - the one place where every failure ends
        return explain_failure(error, color=COLOR.resolve(sys.stderr), as_json=_wants_json(arguments))
    return result if isinstance(result, int) else 0


class _EndedBySignal(BaseException):
    """This program was asked to end."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, _frame: FrameType | None) -> None:
    raise _EndedBySignal(signal.Signals(number))


def _wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether the caller reads JSON lines; the failure may be that the options could not be parsed at all."""
    return "--progress=json" in arguments or ("--progress", "json") in itertools.pairwise(arguments)
