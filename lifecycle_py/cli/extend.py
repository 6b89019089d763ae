"""The extender as a program: it runs as root in a container of the image that is extended, and changes it in place.

For a build image it then becomes the build's user and runs the builder; for a run image it leaves the layers that
were added for the exporter.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lifecycle_py.cli import build
from lifecycle_py.cli.extended_images import kaniko_directory, read_base, save_extended
from lifecycle_py.cli.invocation import Invocation
from lifecycle_py.cli.privileges import environment_of
from lifecycle_py.cli.shared import read_analyzed
from lifecycle_py.dockerfile.rules import DockerfileKind
from lifecycle_py.errors import ExtendFailedError, ExtensionOutputError, InvalidArgumentError
from lifecycle_py.extender import ExtendInputs, ExtendPorts, extend
from lifecycle_py.extension_output import ExtensionDockerfile, OutputLayout, find_dockerfiles
from lifecycle_py.in_place_root import InPlaceRoots
from lifecycle_py.inputs import ExtendedRunImage
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import Image
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import Group
from lifecycle_py.spec.toml_file import read_toml

_NOT_THE_IMAGE_S = ("app", "layers", "platform", "generated", "extended", "buildpacks")


def run(call: Invocation) -> None:
    """Apply the generated Dockerfiles of one kind."""
    call.take_no_arguments()
    kind = _kind(call)
    group = Group.from_toml(read_toml(call.arguments.path("group")))
    analyzed = read_analyzed(call)
    reference = analyzed.build_image if kind is DockerfileKind.BUILD else analyzed.run_image.reference
    image = read_base(call, reference)
    dockerfiles = _dockerfiles(call, group, kind)
    # Below the layers directory, which is not looked at: elsewhere it would be a change of the image.
    with tempfile.TemporaryDirectory(prefix=".extend-", dir=call.arguments.path("layers")) as blobs:
        extended = _extend(call, kind, image, dockerfiles, Path(blobs))
        if kind is DockerfileKind.RUN:
            save_extended(call, extended.image, len(image.layers))
    if kind is DockerfileKind.BUILD:
        _build(call, extended.image)


def _kind(call: Invocation) -> DockerfileKind:
    text = call.arguments.text("kind") if "kind" in call.arguments.values else DockerfileKind.BUILD
    try:
        return DockerfileKind(text)
    except ValueError:
        raise InvalidArgumentError(problem=f"-kind is build or run, not '{text}'") from None


def _dockerfiles(call: Invocation, group: Group, kind: DockerfileKind) -> tuple[ExtensionDockerfile, ...]:
    arguments = call.arguments
    layout = OutputLayout(
        generated=Place.here(arguments.path("generated")),
        app=Place.here(arguments.path("app")),
        platform_api=call.api,
    )
    try:
        return find_dockerfiles(group.extensions, kind, layout)
    except ExtensionOutputError as error:
        raise ExtendFailedError(
            place=f"Extension '{error.extension}'", instruction=f"{kind}.Dockerfile", problem=error.problem
        ) from error


def _extend(
    call: Invocation, kind: DockerfileKind, image: Image, dockerfiles: Sequence[ExtensionDockerfile], blobs: Path
) -> ExtendedRunImage:
    arguments = call.arguments
    excluded = [arguments.path(name) for name in _NOT_THE_IMAGE_S if name in arguments.values]
    roots = InPlaceRoots((*excluded, kaniko_directory(call)))
    ports = ExtendPorts(roots=roots, blobs=BlobDirectory(blobs), cache=None, reporter=call.reporter)
    return extend(ExtendInputs(kind=kind, image=image, dockerfiles=tuple(dockerfiles)), ports)


def _build(call: Invocation, extended: Image) -> None:
    """Run the builder as the build's user, in the environment of the extended image."""
    call.become_user("layers")
    environment = {**extended.config.environment(), **environment_of(call.user)}
    os.environ.update(environment)
    build.run(replace(call, environ={**call.environ, **environment}))
