"""Runs a process of an app image in the sandbox, as a container runtime would: PID 1, its own /tmp, nothing kept.

The run image is unpacked once and shared; the layers above it once per image. The app directory is copied for every
run, because an app may write to it, as on a dyno, and what it writes is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from builder.build.attached import run_attached
from builder.build.executor import BuildEnvironment, Mount, Network
from builder.build.host_passage import HostPassage, network_passage
from builder.build.run_trees import open_run_tree
from builder.build.sandbox import SandboxExecutor
from builder.build.sandbox_owner import sandbox_owner
from builder.build.workspace import open_work_directory
from builder.caches.in_use import in_use
from builder.errors import NoProcessError, NumericUserError, PortInUseError, RunProcessError, UnsafeImageError
from builder.images.processes import read_processes
from builder.places import Places
from builder.stacks.root_file_system import unpack_image
from lifecycle_py.analyzer import read_layers_metadata
from lifecycle_py.extender import EXTENSION_TITLE
from lifecycle_py.oci.layer_tar import Owner
from lifecycle_py.oci.model import Image, ImageConfig, Layer
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.output import Reporter
from lifecycle_py.session import Command, ExitStatus

LAUNCHER = "/cnb/lifecycle/launcher"
WEB = "web"
# Heroku sources it for one-off commands, too; processes of a Procfile do so themselves (heroku.md §2.5).
_PROFILE = ".profile"
_AFTER_PROFILE = f'. ./{_PROFILE}; exec "$@"'


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """A run. ``process`` is empty for the image's default; ``arguments`` alone are a command of their own."""

    process: str = ""
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    port: int = 5000


def run_app(found: FoundImage, request: RunRequest, places: Places, reporter: Reporter) -> ExitStatus:
    """Run until the process ends; signals sent to this program go to it.

    Raises:
        RunProcessError: the image has no such process.
        PortInUseError: another program listens on the port.
    """
    config = found.image.config
    argv, process = entry(found, request)
    is_web = process == WEB
    if is_web:
        check_port(request.port)
    base, own = with_extensions(*split_image(found.image), found.image)
    reporter.progress("Unpacking the image")
    uid, gid = _user(config)
    with (
        in_use(places.cache),
        open_run_tree(places.runs, found.digest, own) as tree,
        open_work_directory(places.work, _host_owner()) as work,
    ):
        root = unpack_image(base, places.roots)
        environment = BuildEnvironment(
            root=root, mounts=_mounts(tree, config, work), uid=uid, gid=gid, env=config.environment(), work=work
        )
        variables = {**({"PORT": str(request.port)} if is_web else {}), **request.variables}
        if request.arguments and not process and has_profile(tree, config, root):
            argv = (LAUNCHER, "--", "bash", "-c", _AFTER_PROFILE, "bash", *request.arguments)
        command = Command(
            argv=argv,
            env={name: os.fsencode(value) for name, value in variables.items()},
            working_dir=PurePosixPath(config.working_dir or "/"),
        )
        with SandboxExecutor(passage=_passage).open(environment) as session:
            reporter.header(f"Running {process or ' '.join(request.arguments)}", process=process)
            if is_web:
                reporter.step(f"http://127.0.0.1:{request.port}", port=request.port)
            return run_attached(session, command)


def entry(found: FoundImage, request: RunRequest) -> tuple[tuple[str, ...], str]:
    """Give what to start and the process type it is; the type is empty for a command of its own.

    Raises:
        RunProcessError: the image has no such process, or several and none is the default.
        NoProcessError: it has none at all, and nothing else to start.
    """
    config = found.image.config
    processes = read_processes(config)
    known = [process.type for process in processes]
    if request.process and request.process not in known:
        raise RunProcessError(process=request.process, known=known)
    if request.process:
        return (f"/cnb/process/{request.process}", *request.arguments), request.process
    if request.arguments:
        return (LAUNCHER, "--", *request.arguments), ""
    default = next((process.type for process in processes if process.default), "")
    if not default and processes:
        raise RunProcessError(process="(default)", known=known)
    if not processes and config.entrypoint in {(), (LAUNCHER,)} and not config.cmd:
        raise NoProcessError(image=found.reference.partition("@")[0])
    return (*config.entrypoint, *config.cmd), default


def has_profile(tree: Path, config: ImageConfig, root: Path) -> bool:
    """Tell whether a command of the user's own has to be preceded by the app's ``.profile``; that takes bash."""
    profile = _plain(tree, PurePosixPath(config.working_dir or "/")) / _PROFILE
    return profile.is_file() and not profile.is_symlink() and (root / "usr" / "bin" / "bash").is_file()


def split_image(image: Image) -> tuple[Image, tuple[Layer, ...]]:
    """Split an image into its base, as an image that is the same for all apps on it, and the layers above."""
    metadata = read_layers_metadata(image.config)
    top = metadata.run_image.top_layer if metadata.run_image else ""
    diff_ids = [str(layer.diff_id) for layer in image.layers]
    count = diff_ids.index(top) + 1 if top in diff_ids else len(image.layers)
    base = ImageConfig(os=image.config.os, architecture=image.config.architecture)
    return Image(config=base, layers=image.layers[:count]), image.layers[count:]


def with_extensions(base: Image, own: tuple[Layer, ...], image: Image) -> tuple[Image, tuple[Layer, ...]]:
    """Count the layers of image extensions among the base: they change files of it all over the place."""
    titles = [entry.created_by for entry in image.config.history if not entry.empty_layer][-len(own) :] if own else []
    count = 0
    while count < len(titles) == len(own) and EXTENSION_TITLE in titles[count]:
        count += 1
    return replace(base, layers=(*base.layers, *own[:count])), own[count:]


def check_port(port: int) -> None:
    """Make sure nobody else listens on the port of the loopback interface.

    Raises:
        PortInUseError: somebody does.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUseError(port=port, problem=error.strerror or str(error)) from error


def _passage(environment: BuildEnvironment) -> HostPassage:
    # An app brings what it trusts; only name resolution is the host's.
    return network_passage(Network.HOST, environment.host_name)


def _user(config: ImageConfig) -> tuple[int, int]:
    uid, _, gid = config.user.partition(":")
    if not uid.isdecimal() or (gid and not gid.isdecimal()):
        raise NumericUserError(user=config.user)
    return int(uid), int(gid or uid)


def _mounts(tree: Path, config: ImageConfig, work: Path) -> tuple[Mount, ...]:
    """Give the image's directories read-only, and the app directory as a private, writable copy.

    Raises:
        UnsafeImageError: one of them is a link, which the host would follow to its own files.
    """
    working = PurePosixPath(config.working_dir or "/")
    app = _plain(tree, working)
    targets = sorted(PurePosixPath("/") / entry.name for entry in tree.iterdir())
    mounts = [Mount(source=_plain(tree, target), target=target) for target in targets]
    if working != PurePosixPath("/") and app.is_dir():
        copy = work / "app"
        shutil.copytree(app, copy, symlinks=True)
        if owner := _host_owner():
            for path in (copy, *copy.rglob("*")):
                os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
        mounts.append(Mount(source=copy, target=working, writable=True))
    return tuple(mounts)


def _plain(tree: Path, path: PurePosixPath) -> Path:
    """Give the host path of an image's directory, sure that no link and no ``..`` is on the way."""
    if not path.is_absolute() or ".." in path.parts:
        raise UnsafeImageError(path=str(path))
    place = tree
    for name in path.parts[1:]:
        place = place / name
        if place.is_symlink():
            raise UnsafeImageError(path=str(path))
    return place


def _host_owner() -> Owner | None:
    """Give who has to own writable directories, when this process can give them away."""
    return sandbox_owner() if os.geteuid() == 0 else None
