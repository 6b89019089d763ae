"""The extend phase: Dockerfiles of extensions applied to the build image or the run image, without Docker.

Spec: image_extension.md "Phase: Extension", platform.md "extender"; facts: reference ``phase/extender.go``. Each
Dockerfile becomes one layer, made of what changed in the image's root file system. A Dockerfile with the same base,
text, arguments and context as once before is not run again, unless it uses ``build_id``.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Protocol

from lifecycle_py.dockerfile.rules import DockerfileKind
from lifecycle_py.errors import RootUserError
from lifecycle_py.extend_steps import StepContext, apply_steps
from lifecycle_py.extension_key import extension_key, uses_build_id
from lifecycle_py.extension_output import ExtensionDockerfile
from lifecycle_py.image_root import ImageRoot, ImageRoots
from lifecycle_py.inputs import ExtendedRunImage
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.model import History, Image, ImageConfig, Layer
from lifecycle_py.output import Reporter
from lifecycle_py.spec.image_labels import REBASABLE_LABEL

EXTENSION_TITLE = ", Created by extension: "
_ROOT_USERS = ("", "0", "root")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendInputs:
    """What is extended by what."""

    kind: DockerfileKind
    image: Image
    dockerfiles: tuple[ExtensionDockerfile, ...]
    compression: Compression = Compression.GZIP


class ExtendedImages(Protocol):
    """**Port.** Images as extensions changed them, by the digest of what they depend on."""

    def find(self, key: str) -> Image | None:
        """Find an image that was kept."""
        ...

    def keep(self, key: str, image: Image) -> None:
        """Keep an image."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendPorts:
    """What extending works with; without a ``cache`` every Dockerfile is applied."""

    roots: ImageRoots
    blobs: BlobDirectory
    cache: ExtendedImages | None
    reporter: Reporter


def extend(inputs: ExtendInputs, ports: ExtendPorts) -> ExtendedRunImage:
    """Apply every Dockerfile in order; give the image that comes of it.

    Raises:
        ExtendFailedError: an instruction failed (102).
        RootUserError: the run image would start as root (102).
    """
    image, rebasable, last_root = inputs.image, True, ""
    with ExitStack() as stack:
        extending = _Extending(inputs, ports, stack)
        for one in inputs.dockerfiles:
            # Said anew by each: one that says nothing must not inherit the yes of the one before.
            image = extending.apply(_without_label(image), one)
            rebasable = rebasable and image.config.labels.get(REBASABLE_LABEL, "").lower() in {"true", "1", "t"}
            if _is_root(image.config):
                last_root = str(one.extension)
    if last_root and _is_root(image.config) and inputs.kind is DockerfileKind.RUN:
        raise RootUserError(extension=last_root)
    _tell_user(inputs.image.config, image.config, ports.reporter)
    labels = {**image.config.labels, REBASABLE_LABEL: str(rebasable).lower()}
    return ExtendedRunImage(image=replace(image, config=replace(image.config, labels=labels)), rebasable=rebasable)


class _Extending:
    """One image on its way; its root file system is opened when the first Dockerfile is not in the cache."""

    def __init__(self, inputs: ExtendInputs, ports: ExtendPorts, stack: ExitStack) -> None:
        self._inputs = inputs
        self._ports = ports
        self._stack = stack
        self._root: ImageRoot | None = None

    def apply(self, image: Image, one: ExtensionDockerfile) -> Image:
        reporter, name = self._ports.reporter, str(one.extension)
        cache = None if uses_build_id(one) else self._ports.cache
        key = extension_key(image, one, self._inputs.compression) if cache else ""
        known = cache.find(key) if cache and self._root is None else None
        if known is not None:
            reporter.step(f"{name}: {self._inputs.kind} image extended as before", extension=name, cached=True)
            return known
        if self._root is None:
            reporter.progress(f"Unpacking the {self._inputs.kind} image")
            self._root = self._stack.enter_context(self._ports.roots.open(image))
        extended = self._run(image, one, self._root)
        if cache:
            cache.keep(key, extended)
        return extended

    def _run(self, image: Image, one: ExtensionDockerfile, root: ImageRoot) -> Image:
        reporter, name, kind = self._ports.reporter, str(one.extension), self._inputs.kind
        with reporter.timed_step(f"{name} extends the {kind} image", f"{name}: {kind} image extended"):
            context = StepContext(
                file=one.dockerfile,
                context=one.context.host,
                root=root,
                on_line=lambda line: reporter.output(line, extension=name),
                on_command=lambda line: reporter.command(line, extension=name),
            )
            config = apply_steps(context, image.config, _arguments(image.config, one))
            layer = self._layer(root.changes())
        history = History(
            created=image.config.created,
            created_by=f"Layer: '{kind}.Dockerfile'{EXTENSION_TITLE}{one.extension.id}",
            empty_layer=layer is None,
        )
        config = replace(config, history=(*image.config.history, history))
        return replace(image, config=config, layers=(*image.layers, layer) if layer else image.layers)

    def _layer(self, chunks: Iterator[bytes]) -> Layer | None:
        """Store a layer; None when nothing changed."""
        first = next(chunks, None)
        if first is None:
            return None
        return self._ports.blobs.write_layer(itertools.chain([first], chunks), self._inputs.compression)


def _arguments(config: ImageConfig, one: ExtensionDockerfile) -> dict[str, str]:
    """Give the arguments of a Dockerfile; those of the specification win.

    ``base_image`` is what FROM is known by: it stands before it, so nothing else can use it.
    """
    user, _, group = config.user.partition(":")
    given = {argument.name: argument.value for argument in one.arguments}
    return {**given, "build_id": str(uuid.uuid4()), "user_id": user, "group_id": group}


def _without_label(image: Image) -> Image:
    labels = {name: value for name, value in image.config.labels.items() if name != REBASABLE_LABEL}
    return replace(image, config=replace(image.config, labels=labels))


def _is_root(config: ImageConfig) -> bool:
    return config.user.partition(":")[0] in _ROOT_USERS


def _tell_user(before: ImageConfig, after: ImageConfig, reporter: Reporter) -> None:
    if before.user.partition(":")[0] != after.user.partition(":")[0]:
        reporter.warning(f"Extensions changed the image's user from '{before.user}' to '{after.user}'")
