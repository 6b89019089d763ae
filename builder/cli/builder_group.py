"""``offramp builder lifecycle``."""

from __future__ import annotations

from pathlib import Path

import click

from builder.build.sandbox import SandboxExecutor
from builder.cli.build import check_writable
from builder.cli.options import Progress
from builder.cli.reporters import human_size, make_reporter
from builder.images.lifecycle import host_architecture, make_lifecycle
from builder.places import default_places
from lifecycle_py.launcher import ARCHITECTURES


@click.group(short_help="Make what builder images consist of.")
def command() -> None:
    """Make what builder images consist of."""


@command.command("lifecycle")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default="lifecycle.tgz",
    show_default=True,
)
@click.option("--arch", type=click.Choice(ARCHITECTURES), help="Of the builder image; default: this machine's.")
@click.option(
    "--stack",
    "stacks",
    multiple=True,
    default=("debian-13",),
    show_default=True,
    metavar="NAME",
    help="Compile for the python3 of this stack.",
)
@click.option("--progress", type=click.Choice([p.value for p in Progress]), default="auto", show_default=True)
def lifecycle(file: Path, arch: str | None, stacks: tuple[str, ...], progress: str) -> None:
    """Write the lifecycle as 'pack builder create' takes it: 'uri' of [lifecycle] in its builder.toml.

    It needs nothing but python3, version 3.11 or newer, in the build image. On the ones of the stacks named it starts
    in some 50 milliseconds; on others it compiles itself at every start.
    """
    check_writable(file)
    reporter = make_reporter(Progress(progress))
    make_lifecycle(file, arch or host_architecture(), stacks, default_places(), SandboxExecutor(), reporter)
    reporter.step(f"{file}, {human_size(file.stat().st_size)}")
    click.echo(file)
