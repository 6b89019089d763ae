"""``offramp build``."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from builder.build.build_app import build_app
from builder.build.executor import Network
from builder.build.preparation import BuildPorts
from builder.build.request import BuildRequest
from builder.build.sandbox import SandboxExecutor
from builder.build.variables import read_variables
from builder.cli.options import Progress, insecure_registry_option
from builder.cli.reporters import human_seconds, human_size, make_reporter
from builder.errors import (
    AttestationsTargetError,
    InvalidEpochError,
    OutputTargetError,
    UnwritableTargetError,
    WorkspaceError,
)
from builder.images.archive import write_archive
from builder.images.builder_toml import DEFAULT
from builder.images.find_image import find_image
from builder.images.processes import read_processes
from builder.images.reference import name_from_directory, parse_name, registry_name
from builder.images.registries import open_registries
from builder.images.stores import referrers_of
from builder.places import default_places
from lifecycle_py.caches.cache import Cache
from lifecycle_py.caches.image_cache import ImageCache
from lifecycle_py.exporter import Exported
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.layout_store import LayoutStore
from lifecycle_py.oci.referrers import ReferrerStore
from lifecycle_py.oci.store import ImageStore
from lifecycle_py.output import Reporter

_WORKSPACES = ("/app", "/workspace")
_LAST_EPOCH = 253402300799  # 9999-12-31T23:59:59Z


@dataclass(frozen=True, slots=True)
class Target:
    """Where the image goes: a store, and a file that is made of it."""

    store: ImageStore
    archive: Path | None = None


@click.command(short_help="Build an app into an OCI image.")
@click.argument("app", default=".", type=click.Path(path_type=Path))
@click.option("-t", "--tag", "tags", multiple=True, metavar="REF", help="Name of the image; default: the directory's.")
@click.option(
    "-o", "--output", metavar="TARGET", help="oci:DIR instead of the local store; oci-archive:FILE beside it."
)
@click.option("--push", is_flag=True, help="To the registry that -t names, HOST/REPO[:TAG].")
@insecure_registry_option
@click.option("--load", is_flag=True, help="Into the Docker daemon, which is sent only layers it lacks.")
@click.option(
    "--attestations/--no-attestations",
    default=None,
    help="Attach SBOMs and provenance to the image; default: with --push.",
)
@click.option("--builder", type=click.Path(path_type=Path), default=DEFAULT, help="A builder.toml; default: ours.")
@click.option("--buildpack", "buildpacks", multiple=True, metavar="REF", help="Use exactly these: ids or directories.")
@click.option("-e", "--env", "variables", multiple=True, metavar="K[=V]", help="A variable for the build.")
@click.option(
    "--env-file",
    "env_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lines of K=V, values as they stand.",
)
@click.option("--cache", metavar="DIR|REF", help="The build cache: a directory, or docker://HOST/REPO[:TAG].")
@click.option("--no-cache", is_flag=True, help="Build as if for the first time, and keep nothing.")
@click.option("--compression", type=click.Choice([c.value for c in Compression]), default="gzip", show_default=True)
@click.option("--network", type=click.Choice([n.value for n in Network]), default="host", show_default=True)
@click.option("--default-process", default="", metavar="TYPE", help="What the image starts; default: web.")
@click.option("--workspace", default="/app", show_default=True, metavar="DIR", help="The app's directory in the image.")
@click.option("--metadata-file", type=click.Path(path_type=Path, dir_okay=False), help="Write what was built as JSON.")
@click.option("--progress", type=click.Choice([p.value for p in Progress]), default="auto", show_default=True)
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    app: Path,
    tags: tuple[str, ...],
    output: str | None,
    push: bool,  # noqa: FBT001
    insecure: tuple[str, ...],
    load: bool,  # noqa: FBT001
    attestations: bool | None,  # noqa: FBT001
    builder: Path,
    buildpacks: tuple[str, ...],
    variables: tuple[str, ...],
    env_files: tuple[Path, ...],
    cache: str | None,
    no_cache: bool,  # noqa: FBT001
    compression: str,
    network: str,
    default_process: str,
    workspace: str,
    metadata_file: Path | None,
    progress: str,
) -> None:
    """Build the app in directory APP (default: the current one) into an OCI image.

    Needs neither Docker nor root. The image goes into the local store under its name, from where 'offramp run',
    'offramp translate' and 'skopeo' take it, or with --push to a registry. Its reference with digest is printed to
    stdout; with --load the digest is the ID that Docker gives the image.
    """
    places = default_places()
    reporter = make_reporter(Progress(progress))
    references = tuple(parse_name(tag) for tag in tags) or (name_from_directory(app),)
    target = parse_target(output, places.images, open_registries(insecure) if push else None, load=load)
    for file in (target.archive, metadata_file):
        if file is not None:
            check_writable(file)
    shared_cache = None if no_cache else open_shared_cache(cache or "", insecure)
    request = BuildRequest(
        app=app,
        references=references,
        builder=builder,
        buildpacks=buildpacks,
        variables=read_variables(variables, env_files, os.environ),
        cache=None if no_cache or shared_cache else Path(cache or places.app_cache(references[0])).absolute(),
        compression=Compression(compression),
        network=Network(network),
        default_process=default_process,
        workspace=check_workspace(workspace),
        source_date_epoch=source_date_epoch(os.environ.get("SOURCE_DATE_EPOCH", "")),
    )
    begin = time.monotonic()
    ports = BuildPorts(
        places=places,
        store=target.store,
        executor=SandboxExecutor(),
        reporter=reporter,
        shared_cache=shared_cache,
        referrers=choose_referrers(target.store, wanted=attestations, push=push),
    )
    exported = build_app(request, ports)
    if target.archive:
        write_archive(find_image(references[0], places).image, references, target.archive)
    summarize(exported, reporter, time.monotonic() - begin)
    if metadata_file:
        metadata_file.write_text(json.dumps(result_document(exported), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{references[0]}@{exported.saved.digest}\n")


def parse_target(
    output: str | None, local: Path, registries: ImageStore | None = None, *, load: bool = False
) -> Target:
    """Read ``-o``, ``--push``, which gives ``registries``, and ``--load``.

    Raises:
        OutputTargetError: it is neither ``oci:DIR`` nor ``oci-archive:FILE``, or there are two targets.
        DaemonUnreachableError: there is no daemon to load the image into.
    """
    chosen = [output, "--push" if registries else None, "--load" if load else None]
    targets = [target for target in chosen if target is not None]
    if len(targets) > 1:
        raise OutputTargetError(target=targets[0], problem=f"{targets[1]} is a target, too; choose one")
    if registries:
        return Target(registries)
    if load:
        from lifecycle_py.oci.daemon_store import DaemonStore

        return Target(DaemonStore.from_environment())
    if output is None:
        return Target(LayoutStore(local))
    kind, _, path = output.partition(":")
    if not path:
        raise OutputTargetError(target=output, problem="it does not say where")
    if kind == "oci":
        return Target(LayoutStore(Path(path).absolute()))
    if kind == "oci-archive":
        return Target(LayoutStore(local), Path(path).absolute())
    raise OutputTargetError(target=output, problem=f"'{kind}' is no kind of place")


def choose_referrers(store: ImageStore, *, wanted: bool | None, push: bool) -> ReferrerStore | None:
    """Give the store if attestations are to be attached: wanted, or not said and pushed.

    Raises:
        AttestationsTargetError: they are wanted where nothing can be attached.
    """
    if not (push if wanted is None else wanted):
        return None
    referrers = referrers_of(store)
    if referrers is None:
        raise AttestationsTargetError
    return referrers


def open_shared_cache(text: str, insecure: Sequence[str]) -> Cache | None:
    """Open the cache that ``--cache docker://NAME`` names; None for a directory.

    Raises:
        InvalidReferenceError: the name is malformed.
        StoreError: the registry would not take it after the build.
    """
    name = registry_name(text)
    if not name:
        return None
    registries = open_registries(insecure)
    registries.check_access(name, write=True)
    return ImageCache(registries, name)


def summarize(exported: Exported, reporter: Reporter, seconds: float) -> None:
    """Tell what was built: image, layers with sizes, processes, what was reused."""
    base = sum(layer.blob.size for layer in exported.image.layers[: exported.run_layers])
    own = sum(one.layer.blob.size for one in exported.layers)
    reused = sum(one.reused for one in exported.layers)
    reporter.header(f"Built {exported.saved.references[0]} in {human_seconds(seconds)}", **result_document(exported))
    reporter.step(f"Image    {exported.saved.digest}")
    reporter.step(f"Size     {human_size(base + own)} compressed: {human_size(base)} run image, {human_size(own)} app")
    reporter.step(f"Layers   {reused} of {len(exported.layers)} reused")
    for one in sorted(exported.layers, key=lambda one: -one.layer.blob.size):
        reporter.detail(f"{human_size(one.layer.blob.size):>9}  {one.name} ({one.how})")
    for process in read_processes(exported.image.config):
        reporter.step(f"Process  {process.type}: {process.command}{' (default)' if process.default else ''}")
    if not read_processes(exported.image.config):
        reporter.warning("The image has no process: add a Procfile with a line such as 'web: gunicorn shop.wsgi'")


def result_document(exported: Exported) -> dict[str, object]:
    """Give the result for machines (docs/reference/machine-output.md)."""
    return {
        "references": list(exported.saved.references),
        "digest": exported.saved.digest,
        "imageId": exported.saved.image_id,
        "layers": [
            {
                "name": one.name,
                "title": one.title,
                "diffId": one.layer.diff_id,
                "digest": one.layer.blob.digest,
                "size": one.layer.blob.size,
                "reused": one.reused,
                "read": one.read,
            }
            for one in exported.layers
        ],
        "processes": [
            {"type": process.type, "command": process.command, "default": process.default}
            for process in read_processes(exported.image.config)
        ],
    }


def check_workspace(text: str) -> str:
    """Check where the app is to be: base images have a place for it at two names.

    Raises:
        WorkspaceError: it is neither of them.
    """
    if text not in _WORKSPACES:
        raise WorkspaceError(workspace=text)
    return text


def check_writable(file: Path) -> None:
    """Make sure a file can be written when the build is over.

    Raises:
        UnwritableTargetError: its directory is not there, or closed.
    """
    if file.is_dir() or not os.access(file.absolute().parent, os.W_OK | os.X_OK):
        raise UnwritableTargetError(file=file)


def source_date_epoch(text: str) -> int | None:
    """Read ``SOURCE_DATE_EPOCH``; empty is None.

    Raises:
        InvalidEpochError: it is no number of seconds, or after the year 9999.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > _LAST_EPOCH:
        raise InvalidEpochError(value=text)
    return int(text)
