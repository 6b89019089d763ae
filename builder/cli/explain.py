"""``offramp explain detect``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from builder.build.build_app import explore_app
from builder.build.preparation import BuildPorts
from builder.build.request import BuildRequest
from builder.build.sandbox import SandboxExecutor
from builder.build.variables import read_variables
from builder.cli.options import Progress
from builder.cli.reporters import make_reporter, printable
from builder.explain.detection_json import detection_document
from builder.explain.detection_tree import detection_lines
from builder.images.builder_toml import DEFAULT
from builder.places import default_places
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.output import SilentReporter


@click.group(short_help="Tell why a build decides as it does.")
def command() -> None:
    """Tell why a build decides as it does."""


@command.command("detect")
@click.argument("app", default=".", type=click.Path(path_type=Path))
@click.option("--builder", type=click.Path(path_type=Path), default=DEFAULT, help="A builder.toml; default: ours.")
@click.option("--buildpack", "buildpacks", multiple=True, metavar="REF", help="Use exactly these: ids or directories.")
@click.option("-e", "--env", "variables", multiple=True, metavar="K[=V]", help="A variable for the build.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def detect(
    app: Path,
    builder: Path,
    buildpacks: tuple[str, ...],
    variables: tuple[str, ...],
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show which buildpacks want the app in directory APP, and why every group of the order passed or failed.

    Nothing is built. Exits with 0 also when no group passes: that is an answer.
    """
    places = default_places()
    request = BuildRequest(
        app=app,
        references=(),
        builder=builder,
        buildpacks=buildpacks,
        variables=read_variables(variables, (), os.environ),
        cache=None,
    )
    reporter = SilentReporter() if as_json else make_reporter(Progress.AUTO)
    ports = BuildPorts(places=places, store=LayoutStore(places.images), executor=SandboxExecutor(), reporter=reporter)
    detection = explore_app(request, ports)
    if as_json:
        click.echo(json.dumps(detection_document(detection), indent=2, default=str))
    else:
        click.echo("\n".join(printable(line, color=False) for line in detection_lines(detection)))
