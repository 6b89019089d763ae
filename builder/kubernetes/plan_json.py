"""The plan as JSON and back. The form is a contract for other tools: docs/reference/plan.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from builder.errors import InvalidPlanError
from builder.kubernetes.plan import (
    PLAN_VERSION,
    Endpoint,
    Plan,
    PlannedImage,
    PlannedProcess,
    PlannedRelease,
    Port,
    RequiredVariable,
    Role,
    Run,
    Size,
    SkippedProcess,
    User,
    WritablePath,
)


def plan_to_json(plan: Plan) -> str:
    """Give the plan as a JSON document; equal plans give equal bytes."""
    image = plan.image
    document = {
        "apiVersion": PLAN_VERSION,
        "app": plan.app,
        "image": {
            "reference": image.reference,
            "digest": image.digest,
            "user": _without_none({"uid": image.user.uid, "gid": image.user.gid}),
        },
        "processes": [_process_to_json(process) for process in plan.processes],
        "release": {"timeoutSeconds": plan.release.timeout, "run": _run_to_json(plan.release.run)}
        if plan.release
        else None,
        "required": [{"name": one.name, "generated": one.generated} for one in plan.required] or None,
        "skipped": [{"type": one.type, "command": one.command, "reason": one.reason} for one in plan.skipped],
        "sources": dict(sorted(plan.sources.items())),
    }
    return json.dumps(_without_none(document), indent=2) + "\n"


def plan_from_json(text: str) -> Plan:
    """Read a plan.

    Raises:
        InvalidPlanError: it is no plan, or one of another version.
    """
    try:
        document = json.loads(text)
        version = document["apiVersion"]
        if version != PLAN_VERSION:
            raise InvalidPlanError(problem=f"its version is '{version}', this Offramp reads '{PLAN_VERSION}'")
        return _plan(document)
    except KeyError as error:
        raise InvalidPlanError(problem=f"key {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidPlanError(problem=str(error)) from error


def _process_to_json(process: PlannedProcess) -> dict[str, Any]:
    return _without_none(
        {
            "type": process.type,
            "role": process.role.value,
            "quantity": process.quantity,
            "endpoint": _endpoint_to_json(process.endpoint) if process.endpoint else None,
            "ports": [_port_to_json(one) for one in process.ports] or None,
            "run": _run_to_json(process.run),
        }
    )


def _endpoint_to_json(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "protocol": endpoint.protocol,
        "port": endpoint.port,
        "startupSeconds": endpoint.startup,
        "drainSeconds": endpoint.drain,
    }


def _port_to_json(port: Port) -> dict[str, Any]:
    return {"name": port.name, "protocol": port.protocol, "port": port.port, "internal": port.internal}


def _run_to_json(run: Run) -> dict[str, Any]:
    return {
        "command": run.command,
        "argv": list(run.argv),
        "size": {
            "name": run.size.name,
            "memoryMebibytes": run.size.memory,
            "memoryLimitMebibytes": run.size.memory_limit,
            "cpuMillicores": run.size.cpu,
        },
        "graceSeconds": run.grace,
        "config": run.config,
        "env": dict(sorted(run.env.items())),
        "writable": [{"path": one.path, "sizeMebibytes": one.size} for one in run.writable],
    }


def _plan(document: Mapping[str, Any]) -> Plan:
    image, release = document["image"], document.get("release")
    user = image["user"]
    return Plan(
        app=str(document["app"]),
        image=PlannedImage(
            reference=str(image["reference"]),
            digest=str(image["digest"]),
            user=User(uid=int(user["uid"]), gid=int(user["gid"]) if "gid" in user else None),
        ),
        processes=tuple(_process(one) for one in document["processes"]),
        release=PlannedRelease(timeout=int(release["timeoutSeconds"]), run=_run(release["run"])) if release else None,
        required=tuple(
            RequiredVariable(name=str(one["name"]), generated=bool(one["generated"]))
            for one in document.get("required", ())
        ),
        skipped=tuple(
            SkippedProcess(type=str(one["type"]), command=str(one["command"]), reason=str(one["reason"]))
            for one in document["skipped"]
        ),
        sources={str(path): str(origin) for path, origin in document["sources"].items()},
    )


def _process(data: Mapping[str, Any]) -> PlannedProcess:
    endpoint = data.get("endpoint")
    return PlannedProcess(
        type=str(data["type"]),
        role=Role(data["role"]),
        quantity=int(data["quantity"]),
        endpoint=_endpoint(endpoint) if endpoint else None,
        ports=tuple(_port(one) for one in data.get("ports", ())),
        run=_run(data["run"]),
    )


def _endpoint(data: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        name=str(data["name"]),
        protocol=str(data["protocol"]),
        port=int(data["port"]),
        startup=int(data["startupSeconds"]),
        drain=int(data["drainSeconds"]),
    )


def _port(data: Mapping[str, Any]) -> Port:
    return Port(
        name=str(data["name"]),
        protocol=str(data["protocol"]),
        port=int(data["port"]),
        internal=bool(data["internal"]),
    )


def _run(data: Mapping[str, Any]) -> Run:
    size = data["size"]
    return Run(
        command=str(data["command"]),
        argv=tuple(str(word) for word in data["argv"]),
        size=Size(
            name=str(size["name"]),
            memory=int(size["memoryMebibytes"]),
            memory_limit=int(size["memoryLimitMebibytes"]),
            cpu=int(size["cpuMillicores"]),
        ),
        grace=int(data["graceSeconds"]),
        config=str(data["config"]),
        env={str(name): str(value) for name, value in data["env"].items()},
        writable=tuple(WritablePath(path=str(one["path"]), size=int(one["sizeMebibytes"])) for one in data["writable"]),
    )


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
