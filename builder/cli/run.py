"""``offramp run``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from builder.build.run_app import RunRequest, run_app
from builder.build.variables import read_variables
from builder.cli.options import Progress, insecure_registry_option
from builder.cli.reporters import make_reporter
from builder.images.find_image import find_image, with_local_blobs
from builder.places import default_places


@click.command(short_help="Run a process of an image.")
@click.argument("image")
@click.argument("process", default="")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-e", "--env", "variables", multiple=True, metavar="K[=V]", help="A variable for the process.")
@click.option(
    "--env-file",
    "env_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lines of K=V, values as they stand.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    help="The web process listens here ($PORT).",
)
@insecure_registry_option
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    image: str,
    process: str,
    arguments: tuple[str, ...],
    variables: tuple[str, ...],
    env_files: tuple[Path, ...],
    port: int,
    insecure: tuple[str, ...],
) -> int:
    """Run a process of IMAGE in the sandbox, without Docker; default: the image's default process.

    'offramp run shop worker' starts that process. 'offramp run shop -- bash' runs a command of your own in the app's
    environment, as 'heroku run' does. What the process writes is gone when it ends.
    """
    if _is_own_command(context):
        process, arguments = "", (process, *arguments)
    places = default_places()
    request = RunRequest(
        process=process,
        arguments=arguments,
        variables=read_variables(variables, env_files, os.environ),
        port=port,
    )
    reporter = make_reporter(Progress.AUTO)
    reporter.progress("Bringing the image here")
    return run_app(with_local_blobs(find_image(image, places, insecure), places), request, places, reporter).code


def _is_own_command(context: click.Context) -> bool:
    """Tell ``run IMAGE -- ARGS`` from ``run IMAGE PROCESS``: click drops the dashes, the raw arguments keep them."""
    raw = list(context.obj["offramp.arguments"])
    if "--" not in raw or not context.params["process"]:
        return False
    return raw[raw.index("--") + 1 :] == [context.params["process"], *context.params["arguments"]]
