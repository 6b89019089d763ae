"""``offramp translate``."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from builder.cli.options import Progress, insecure_registry_option
from builder.cli.reporters import make_reporter
from builder.errors import DigestUnknownError, ScaleSyntaxError
from builder.images.find_image import find_image
from builder.images.reference import parse_reference
from builder.kubernetes.defaults import Sourced
from builder.kubernetes.formats import FORMATS
from builder.kubernetes.formats.format import Step
from builder.kubernetes.from_image import TranslateRequest, plan_from_image
from builder.kubernetes.kubernetes_version import NEWEST, KubernetesVersion, parse_kubernetes_version
from builder.kubernetes.manifests import manifests_of
from builder.kubernetes.names import app_name_of_image, parse_app_name
from builder.kubernetes.output_directory import write_files
from builder.kubernetes.plan import Plan
from builder.kubernetes.pull_reference import PullReference, pull_reference
from builder.kubernetes.report import process_lines, version_notes
from builder.places import Places, default_places
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.output import Reporter

_IMAGE_OPTION = "command line: --image"


@click.command(short_help="Write the Kubernetes objects of an image.")
@click.argument("image")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Directory; default: stdout.")
@click.option("--app", metavar="NAME", help="All names begin with it; default: the image's name.")
@click.option("--image", "pull", metavar="REF", help="What a cluster pulls: HOST/REPO; the digest is added.")
@click.option("--scale", "scales", multiple=True, metavar="TYPE=N", help="How many of a process; default: web=1.")
@click.option("--format", "format_name", type=click.Choice(tuple(FORMATS)), default="plain", show_default=True)
@click.option("--kubernetes-version", default=str(NEWEST), show_default=True, metavar="VERSION")
@insecure_registry_option
@click.option("--progress", type=click.Choice([p.value for p in Progress]), default="auto", show_default=True)
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    image: str,
    output: Path | None,
    app: str | None,
    pull: str | None,
    scales: tuple[str, ...],
    format_name: str,
    kubernetes_version: str,
    insecure: tuple[str, ...],
    progress: str,
) -> None:
    """Write the Kubernetes objects that run IMAGE as Heroku would run the app.

    Each process becomes a Deployment, 'web' with a Service, and 'release' a Job that runs before the rest. The paths
    written are printed to stdout; without -o, the objects are.
    """
    version = parse_kubernetes_version(kubernetes_version)
    quantities = parse_scales(scales)
    places = default_places()
    found = find_image(image, places, insecure)
    local_name = found.reference.partition("@")[0]
    named = parse_reference(image)
    if pull is None and named.in_registry:
        pull = local_name  # a cluster pulls it from where it was read
    if named.in_daemon and "@" not in (pull or ""):
        raise DigestUnknownError(image=image)
    reference = pull_reference(local_name, found.digest, pull)
    plan = plan_from_image(
        TranslateRequest(
            app=_app(app, local_name),
            reference=Sourced(reference.text, _IMAGE_OPTION if pull else "default: the image's name in its store"),
            digest=Sourced(reference.digest, "the image" if reference.digest == found.digest else _IMAGE_OPTION),
            config=found.image.config,
            quantities=quantities,
        )
    )
    chosen = FORMATS[format_name]
    files = chosen.render(plan, version)
    removed = write_files(output, plan.app, files) if output else ()
    texts = [f"{output / file.path}\n" for file in files] if output else ["---\n".join(file.text for file in files)]
    sys.stdout.write("".join(texts))
    sys.stdout.flush()
    reporter = make_reporter(Progress(progress))
    _report(plan, version, removed, reporter)
    if not named.in_daemon:
        push = "" if named.in_registry else push_command(image, places, reference)
        _tell_image(reference, found, push, reporter)
    if output:
        _tell_steps(chosen.next_steps(plan, version, str(output)), reporter)
    elif plan.release and format_name == "plain":
        reporter.warning("applied in one go, the processes would not wait for the release; -o DIR keeps them apart")


def parse_scales(texts: Sequence[str]) -> dict[str, int]:
    """Read the values of ``--scale``, which are those of ``heroku ps:scale``; the last one for a process counts.

    Raises:
        ScaleSyntaxError: one is not TYPE=NUMBER.
    """
    quantities = {}
    for text in texts:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)=([0-9]{1,4})", text)
        if not match:
            raise ScaleSyntaxError(text=text)
        quantities[match[1]] = int(match[2])
    return quantities


def push_command(image: str, places: Places, reference: PullReference) -> str:
    """Give the command that copies an image, digest and all, to where a cluster pulls it."""
    named = parse_reference(image)
    source = f"oci:{named.layout or places.images}" + (f":{named.name}" if named.name else "")
    target = reference.repository if reference.given else f"HOST/{reference.repository}"
    return shlex.join(["skopeo", "copy", "--preserve-digests", source, f"docker://{target}"])


def _app(option: str | None, local_name: str) -> Sourced[str]:
    if option is not None:
        return Sourced(parse_app_name(option), "command line: --app")
    return Sourced(app_name_of_image(local_name), "default: the image's name")


def _report(plan: Plan, version: KubernetesVersion, removed: Sequence[Path], reporter: Reporter) -> None:
    reporter.header(f"Translated {plan.app} for Kubernetes {version}", app=plan.app, image=plan.image.reference)
    for line in process_lines(plan, manifests_of(plan, version)):
        reporter.step(line)
    for path in removed:
        reporter.step(f"Removed {path}, which an earlier translation wrote")
    for note in version_notes(plan, version):
        reporter.warning(note)


def _tell_image(reference: PullReference, found: FoundImage, push: str, reporter: Reporter) -> None:
    if reference.digest != found.digest:
        reporter.warning(f"the objects run {reference.digest}, but what was read is {found.digest}")
        return
    if not reference.given:
        reporter.warning("no cluster can pull from the local store; push the image, then translate with --image")
    reporter.header("Next")
    if push:
        reporter.step("bring the image to where the cluster pulls it")
        reporter.command(push)


def _tell_steps(steps: Sequence[Step], reporter: Reporter) -> None:
    for step in steps:
        reporter.step(step.purpose)
        for line in step.commands:
            reporter.command(line)
