"""The few things a store asks a Docker daemon, with the daemon's failures as our errors.

API: docs.docker.com/reference/api/engine, in the version that the daemon has: new daemons refuse old versions.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from lifecycle_py.oci.errors import DaemonRefusedError, DaemonUnreachableError

if TYPE_CHECKING:
    import docker

_DEFAULT_HOST: Final = "unix:///var/run/docker.sock"
_TIMEOUT: Final = 600  # seconds without a byte; a daemon is silent while it writes a large layer
_CONTAINERD_DRIVER: Final = ("driver-type", "io.containerd.snapshotter.v1")


class DockerEngine:
    """One daemon. A connection is made with the object and kept: it outlives the right to open the socket."""

    def __init__(self, client: docker.APIClient, host: str, *, keeps_blobs: bool) -> None:
        """Speak through ``client``; use ``connect``, which makes one.

        ``keeps_blobs``: the daemon has the containerd image store, which keeps manifests and blobs as registries do.
        """
        self._client = client
        self.host = host
        self.keeps_blobs = keeps_blobs
        weakref.finalize(self, client.close)

    def check(self) -> None:
        """Make sure the daemon answers."""
        with self._errors("asked whether it is there"):
            self._client.ping()

    def inspect(self, name: str) -> Mapping[str, Any] | None:
        """Describe an image by name or ID; None when there is none."""
        with self._errors(f"asked for the image '{name}'", absent_is_fine=True):
            return cast("Mapping[str, Any]", self._client.inspect_image(name))
        return None

    def history(self, name: str) -> list[Mapping[str, Any]]:
        """Give an image's history, the newest first."""
        with self._errors(f"asked for the history of '{name}'"):
            return cast("list[Mapping[str, Any]]", self._client.history(name))

    def image_ids(self) -> tuple[str, ...]:
        """Give the ID of every image."""
        with self._errors("asked for its images"):
            return tuple(dict.fromkeys(cast("list[str]", self._client.images(quiet=True))))

    def load(self, archive: Iterable[bytes]) -> None:
        """Hand an archive of images over; chunks are sent as they come.

        Raises:
            DaemonRefusedError: it did not take it, or not as a whole.
        """
        action = "given an image"
        with self._errors(action):
            for line in self._client.load_image(archive):
                if problem := line.get("error"):
                    raise DaemonRefusedError(host=self.host, action=action, problem=problem)

    def export(self, name: str) -> Iterator[bytes]:
        """Give an image as an archive of all its layers, in chunks."""
        with self._errors(f"asked for the layers of '{name}'"):
            yield from self._client.get_image(name)

    @contextlib.contextmanager
    def _errors(self, action: str, *, absent_is_fine: bool = False) -> Iterator[None]:
        """Turn what the library raises into our errors; with ``absent_is_fine``, absence ends the block silently."""
        import docker.errors
        import requests

        try:
            yield
        except docker.errors.NotFound as error:
            if not absent_is_fine:
                raise DaemonRefusedError(host=self.host, action=action, problem=_said(error)) from error
        except docker.errors.APIError as error:
            raise DaemonRefusedError(host=self.host, action=action, problem=_said(error)) from error
        except (requests.RequestException, docker.errors.DockerException, OSError) as error:
            raise DaemonUnreachableError(host=self.host, problem=_reason(error)) from error


def connect(environ: Mapping[str, str] = os.environ) -> DockerEngine:
    """Connect to the daemon that ``docker`` itself would use: of ``DOCKER_HOST``, the current context, or its socket.

    Raises:
        DaemonUnreachableError: there is none, or this user may not speak to it.
    """
    import docker
    import requests
    from docker.context import ContextAPI
    from docker.utils import kwargs_from_env

    from lifecycle_py.oci.daemon.kept_connections import KeptConnections

    host = environ.get("DOCKER_HOST") or _DEFAULT_HOST
    try:
        settings = (
            kwargs_from_env(environ) if environ.get("DOCKER_HOST") else ContextAPI.kwargs_from_context(None, environ)
        )
        host = settings.get("base_url") or host
        settings["base_url"] = host
        kept = KeptConnections(host.removeprefix("unix://"), _TIMEOUT) if host.startswith("unix://") else None
        client = docker.APIClient(version="auto", timeout=_TIMEOUT, use_ssh_client=True, **settings)
        if kept is not None:
            client.get_adapter("http+docker://").close()
            client.mount("http+docker://", kept)
        driver = client.info().get("DriverStatus") or ()
    except (requests.RequestException, docker.errors.DockerException, OSError, ValueError) as error:
        raise DaemonUnreachableError(host=host, problem=_reason(error)) from error
    keeps_blobs = _CONTAINERD_DRIVER in {tuple(pair) for pair in driver}
    return DockerEngine(client, host, keeps_blobs=keeps_blobs)


def _said(error: docker.errors.APIError) -> str:
    return str(error.explanation or error)


def _reason(error: BaseException) -> str:
    """Give the innermost reason: HTTP libraries wrap the operating system's words many times over."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)
