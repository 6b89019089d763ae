"""Makes one base image of a stack: Debian packages in, an OCI image with the specification's metadata out.

Spec: platform.md "Build Image", "Run Image", "Target data" (buildpacks/spec@b745fcf).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from builder.images.layer_files import read_layer_files
from builder.stacks.base_tar import read_entries, write_entries
from builder.stacks.mmdebstrap import Progress, System, apt_sources, install_system
from builder.stacks.normalise import normalise
from builder.stacks.packages import PACKAGES_FILE
from builder.stacks.stack_toml import Stack
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.model import History, Image, ImageConfig, sha256
from lifecycle_py.spec.image_labels import BASE_LABEL_PREFIX

PACKAGES_LABEL: Final = "dev.offramp.packages.digest"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STATUS: Final = "var/lib/dpkg/status"
_CREATED: Final = "1980-01-01T00:00:01Z"  # as every image of a reproducible build


class BaseKind(StrEnum):
    """Which of a stack's two images."""

    BUILD = "build"
    RUN = "run"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseImage:
    """An image to make: a stack's build or run image for one architecture."""

    stack: Stack
    kind: BaseKind
    architecture: str

    @property
    def name(self) -> str:
        """Give its name in messages."""
        return f"{self.kind} image of {self.stack.short_name}"

    @property
    def packages(self) -> tuple[str, ...]:
        """List the packages asked for; mmdebstrap adds what they depend on."""
        stack = self.stack
        return stack.run_packages if self.kind is BaseKind.RUN else (*stack.run_packages, *stack.build_packages)


RunStatus = Callable[[], bytes]


def make_base_image(
    base: BaseImage, blobs: BlobDirectory, progress: Progress, run_status: RunStatus | None = None
) -> Image:
    """Install the packages and store the result as an image of one layer; only blobs are written.

    Args:
        base: the image to make.
        blobs: where its layer goes.
        progress: told what is being done.
        run_status: gives dpkg's status of the run image, for a build image to carry; asked for last.

    Raises:
        StackToolsError: this host lacks what it takes.
        MakeBaseImageError: the packages could not be installed.
    """
    system = System(
        name=base.name,
        suite=base.stack.suite,
        architecture=base.architecture,
        packages=base.packages,
        locales=base.stack.locales,
        sources=apt_sources(base.stack, os.environ),
    )
    # A file without a name: it is gone with this process, however that ends.
    blobs.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=blobs.root) as tar:
        install_system(system, tar, progress)
        progress("writing the layer")
        return image_of(base, tar, blobs, run_status() if run_status else None)


def dpkg_status(image: Image) -> bytes:
    """Read dpkg's status out of an image that was just made."""
    return read_layer_files(image.layers[0], lambda name: name == _STATUS)[_STATUS]


def image_of(base: BaseImage, tar: BinaryIO, blobs: BlobDirectory, run_status: bytes | None = None) -> Image:
    """Turn the tar of an installed system into the image."""
    tar.seek(0)
    entries = normalise(
        read_entries(tar), base.stack.user, has_package_manager="apt" in base.packages, run_status=run_status
    )
    layer = blobs.write_layer(write_entries(entries))
    packages = next(entry.content() for entry in entries if entry.path == PACKAGES_FILE)
    return Image(config=_config(base, sha256(packages)), layers=(layer,))


def _config(base: BaseImage, packages_digest: str) -> ImageConfig:
    user = base.stack.user
    return ImageConfig(
        architecture=base.architecture,
        created=_CREATED,
        env=tuple(f"{name}={value}" for name, value in _environment(base)),
        labels={name: value for name, value in _labels(base, packages_digest) if value},
        # Numeric, because Kubernetes can check runAsNonRoot only on numbers; /etc/passwd gives the name.
        user=f"{user.uid}:{user.gid}",
        working_dir=user.home,
        cmd=("/bin/bash",),
        history=(History(created=_CREATED, created_by=f"offramp: {base.name}, packages {packages_digest}"),),
    )


def _environment(base: BaseImage) -> Iterator[tuple[str, str]]:
    yield "PATH", _PATH
    yield from sorted(base.stack.env.items())
    if base.kind is BaseKind.BUILD:
        yield "CNB_USER_ID", str(base.stack.user.uid)
        yield "CNB_GROUP_ID", str(base.stack.user.gid)


def _labels(base: BaseImage, packages_digest: str) -> Iterator[tuple[str, str]]:
    stack = base.stack
    yield BASE_LABEL_PREFIX + "id", stack.id
    yield BASE_LABEL_PREFIX + "homepage", stack.homepage
    yield BASE_LABEL_PREFIX + "maintainer", stack.maintainer
    yield BASE_LABEL_PREFIX + "description", f"{stack.description}, {base.kind} image" if stack.description else ""
    yield BASE_LABEL_PREFIX + "distro.name", stack.distro_name
    yield BASE_LABEL_PREFIX + "distro.version", stack.distro_version
    # "released" is left out: any date but that of the packages would give equal packages unequal digests.
    yield PACKAGES_LABEL, packages_digest
