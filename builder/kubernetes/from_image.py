"""An image's labels and config become a plan. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from builder.errors import (
    ForeignImageError,
    NothingToRunError,
    NumericUserError,
    QuantityError,
    RootUserError,
)
from builder.images.processes import PROCFILE_LABEL, ImageProcess, read_processes
from builder.kubernetes import defaults
from builder.kubernetes.defaults import Sourced
from builder.kubernetes.found_endpoints import Listening, listening, read_endpoints
from builder.kubernetes.plan import (
    Endpoint,
    Plan,
    PlannedImage,
    PlannedProcess,
    PlannedRelease,
    Port,
    Role,
    Run,
    SkippedProcess,
    User,
)
from builder.kubernetes.required_variables import LABEL as REQUIRED_LABEL
from builder.kubernetes.required_variables import read_required
from lifecycle_py.errors import ProcessNotFoundError
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.spec.identifiers import parse_process_type
from lifecycle_py.spec.image_labels import BUILD_METADATA_LABEL

# The lifecycle leaves a program of this name for each process type: it sets up the environment and starts it.
_PROCESS_PROGRAMS = "/cnb/process"
_PROCESSES_LABEL_SOURCE = f"image label {BUILD_METADATA_LABEL}"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class TranslateRequest:
    """An image, and what the user said about it. ``quantities`` are by process type."""

    app: Sourced[str]
    reference: Sourced[str]
    digest: Sourced[str]
    config: ImageConfig
    quantities: Mapping[str, int] = field(default_factory=dict)


class _Sources:
    """Remembers where each value of the plan came from, on its way into the plan."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def take(self, path: str, sourced: Sourced[T]) -> T:
        self.entries[path] = sourced.source
        return sourced.value


def plan_from_image(request: TranslateRequest) -> Plan:
    """Plan what an image needs to run.

    Raises:
        ForeignImageError: no buildpack made it.
        NothingToRunError: it has no process to keep running and no release.
        NumericUserError: its user is a name.
        RootUserError: its user is root.
        ProcessNotFoundError: a quantity is for a process that the image does not have.
        QuantityError: a quantity is impossible for its process.
    """
    if BUILD_METADATA_LABEL not in request.config.labels:
        raise ForeignImageError(reference=request.reference.value, label=BUILD_METADATA_LABEL)
    every = read_processes(request.config)
    kept = tuple(one for one in every if not defaults.reason_to_skip(one.type, one.exec_env))
    if not kept:
        raise NothingToRunError(reference=request.reference.value, processes=tuple(one.type for one in every))
    _check_quantities(request.quantities, tuple(one.type for one in kept if one.type != defaults.RELEASE))
    sources = _Sources()
    return Plan(
        app=sources.take("app", request.app),
        image=PlannedImage(
            reference=sources.take("image/reference", request.reference),
            digest=sources.take("image/digest", request.digest),
            user=sources.take("image/user", parse_user(request.config.user)),
        ),
        processes=tuple(
            _process(one, request, sources)
            for one in sorted(kept, key=lambda one: (one.type != Role.WEB, one.type))
            if one.type != defaults.RELEASE
        ),
        release=next((_release(one, request, sources) for one in kept if one.type == defaults.RELEASE), None),
        required=tuple(
            sources.take(f"required/{one.name}", Sourced(one, f"image label {REQUIRED_LABEL}"))
            for one in read_required(request.config.labels)
        ),
        skipped=tuple(
            SkippedProcess(
                type=one.type,
                command=one.command,
                reason=sources.take(f"skipped/{one.type}", Sourced(reason, _PROCESSES_LABEL_SOURCE)),
            )
            for one in every
            if (reason := defaults.reason_to_skip(one.type, one.exec_env))
        ),
        sources=sources.entries,
    )


def parse_user(text: str) -> Sourced[User]:
    """Read the user of an image's config.

    Raises:
        NumericUserError: a cluster could not tell that it is not root, since names are known inside the image only.
        RootUserError: it is root.
    """
    uid, _, gid = text.partition(":")
    if uid == "root" or not uid.strip("0"):
        raise RootUserError(user=text)
    if not re.fullmatch(r"[0-9]+(:[0-9]*)?", text):
        raise NumericUserError(user=text)
    return Sourced(User(uid=int(uid), gid=int(gid) if gid else None), "image config: User")


def _process(process: ImageProcess, request: TranslateRequest, sources: _Sources) -> PlannedProcess:
    path = f"processes/{process.type}"
    sources.entries[f"{path}/type"] = _PROCESSES_LABEL_SOURCE
    found = listening(process.command, read_endpoints(request.config.labels))
    answers = any(not one.is_for_operators for one in found)
    role = sources.take(f"{path}/role", defaults.role_of(process.type, answers=answers))
    quantity = defaults.quantity_of(role)
    if process.type in request.quantities:
        wanted = request.quantities[process.type]
        quantity = Sourced(wanted, f"command line: --scale {process.type}={wanted}")
    if role is Role.CLOCK and quantity.value > 1:
        raise QuantityError(process=process.type, quantity=quantity.value)
    main = next((one for one in found if not one.is_for_operators), None)
    endpoint = _endpoint(f"{path}/endpoint", main, sources) if role in {Role.WEB, Role.SERVICE} else None
    run_path = f"{path}/run"
    env: dict[str, str] = {}
    if endpoint and (role is Role.WEB or any(one.port is None for one in found)):
        env["PORT"] = str(endpoint.port)
        sources.entries[f"{run_path}/env/PORT"] = f"{path}/endpoint/port"
    return PlannedProcess(
        type=process.type,
        role=role,
        quantity=sources.take(f"{path}/quantity", quantity),
        endpoint=endpoint,
        ports=_ports(f"{path}/ports", found, main if endpoint else None, sources),
        run=_run(run_path, process, env, request, sources),
    )


def _release(process: ImageProcess, request: TranslateRequest, sources: _Sources) -> PlannedRelease:
    return PlannedRelease(
        run=_run("release/run", process, {}, request, sources),
        timeout=sources.take("release/timeoutSeconds", defaults.RELEASE_TIMEOUT),
    )


def _endpoint(path: str, main: Listening | None, sources: _Sources) -> Endpoint:
    """Give the main endpoint: where the program was found to listen, or where PORT says."""
    port = defaults.PORT if main is None or main.port is None else Sourced(main.port, main.origin)
    name = Sourced(main.name, main.origin) if main else defaults.ENDPOINT_NAME
    protocol = Sourced(main.protocol, main.origin) if main else defaults.ENDPOINT_NAME
    return Endpoint(
        name=sources.take(f"{path}/name", name),
        protocol=sources.take(f"{path}/protocol", protocol),
        port=sources.take(f"{path}/port", port),
        startup=sources.take(f"{path}/startupSeconds", defaults.STARTUP),
        drain=sources.take(f"{path}/drainSeconds", defaults.DRAIN),
    )


def _ports(path: str, found: Sequence[Listening], main: Listening | None, sources: _Sources) -> tuple[Port, ...]:
    """Give where a process listens besides its endpoint."""
    return tuple(
        Port(
            name=one.name,
            protocol=one.protocol,
            port=sources.take(f"{path}/{one.name}", Sourced(one.port, one.origin)),
            internal=one.is_for_operators,
        )
        for one in found
        if one is not main and one.port is not None
    )


def _run(path: str, process: ImageProcess, env: Mapping[str, str], request: TranslateRequest, sources: _Sources) -> Run:
    # A damaged or hostile label must not bring a path or a '$(NAME)' into a command.
    program = f"{_PROCESS_PROGRAMS}/{parse_process_type(process.type)}"
    written = process.buildpack_id.endswith("/procfile") and PROCFILE_LABEL in request.config.labels
    command_source = f"image label {PROCFILE_LABEL}" if written else _PROCESSES_LABEL_SOURCE
    return Run(
        command=sources.take(f"{path}/command", Sourced(process.command, command_source)),
        argv=sources.take(f"{path}/argv", Sourced((program,), _PROCESSES_LABEL_SOURCE)),
        size=sources.take(f"{path}/size", defaults.SIZE),
        grace=sources.take(f"{path}/graceSeconds", defaults.GRACE),
        config=sources.take(f"{path}/config", defaults.CONFIG),
        env=env,
        writable=sources.take(f"{path}/writable", defaults.WRITABLE),
    )


def _check_quantities(quantities: Mapping[str, int], known: tuple[str, ...]) -> None:
    for process_type in quantities:
        if process_type not in known:
            raise ProcessNotFoundError(process=process_type, known=known)
