"""What the phases are given: the directories of a build, each with its name on the host and inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.model import Image
from lifecycle_py.session import Place
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.identifiers import BuildpackId, directory_name
from lifecycle_py.spec.targets import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Directories:
    """The directories of a build.

    ``buildpacks`` and ``extensions`` hold ``<id with / as _>/<version>``; ``scratch`` is writable for buildpacks and
    dropped after the build; ``build_config`` is the operator's (its ``env`` directory), often absent.
    """

    app: Place
    layers: Place
    platform: Place
    buildpacks: Place
    scratch: Place
    build_config: Place
    extensions: Place = Place.here(Path("/cnb/extensions"))  # noqa: RUF009 - immutable

    def extension(self, extension_id: BuildpackId, version: str) -> Place:
        """Give the directory of an extension."""
        return self.extensions / directory_name(extension_id) / version

    def buildpack(self, buildpack_id: BuildpackId, version: str) -> Place:
        """Give the directory of a buildpack."""
        return self.buildpacks / directory_name(buildpack_id) / version

    def layers_of(self, element: GroupElement) -> Place:
        """Give the layers directory of a buildpack of the group."""
        return self.layers / directory_name(element.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildUser:
    """Who the app's files belong to inside the image, and who owns them on the host while they are made.

    ``host_owner`` is None when the lifecycle itself runs as the user that runs buildpacks.
    """

    inside: Owner
    host_owner: Owner | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildTarget:
    """What is built for: the target of the run image and the execution environment."""

    target: Target
    exec_env: str = "production"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendedRunImage:
    """The run image after extensions were applied: their layers and configuration are part of ``image``.

    ``rebasable`` tells whether every extension declared that a newer base may be put under its layers.
    """

    image: Image
    rebasable: bool


def make_directory(path: Path, user: BuildUser) -> None:
    """Make a directory that buildpacks may write to. A link that one of them left there is replaced."""
    import os

    if path.is_symlink():
        path.unlink()
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
    if user.host_owner is not None:
        os.chown(path, user.host_owner.uid, user.host_owner.gid)
