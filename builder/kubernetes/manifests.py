"""A plan becomes Kubernetes objects, as plain values. Pure; which files they go to is a format's business."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from builder.kubernetes.defaults import RELEASE
from builder.kubernetes.kubernetes_version import KubernetesVersion
from builder.kubernetes.labels import object_labels, selector_labels
from builder.kubernetes.names import name_processes, object_name, object_name_with_hash
from builder.kubernetes.plan import Endpoint, Plan, PlannedProcess, PlannedRelease, Role
from builder.kubernetes.pod import Instance, pod_spec

_WEB_PORT = 80
_GRPC = "grpc"


class Stage(Enum):
    """When objects are applied: a stage begins when the one before has succeeded."""

    RELEASE = 1
    PROCESSES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """The objects of one process. ``name`` is its label, ``type`` and ``command`` as the image has them."""

    stage: Stage
    name: str
    type: str
    command: str
    objects: tuple[Mapping[str, Any], ...]


def manifests_of(plan: Plan, version: KubernetesVersion) -> tuple[Manifest, ...]:
    """Give all objects of a plan, in the order to apply them.

    Raises:
        ProcessNameCollisionError: two process types would have objects of the same name.
    """
    # The release is named with the others: a Deployment's selector must not match the pods of the Job.
    types = (*((RELEASE,) if plan.release else ()), *(process.type for process in plan.processes))
    names = name_processes(types)
    manifests = []
    if plan.release:
        manifests.append(
            Manifest(
                stage=Stage.RELEASE,
                name=names[RELEASE],
                type=RELEASE,
                command=plan.release.run.command,
                objects=(release_job(plan, plan.release, version),),
            )
        )
    for process in plan.processes:
        name = names[process.type]
        deployment = _deployment(plan, process, name, version)
        service = (_service(plan, process, process.endpoint, name),) if process.endpoint else ()
        manifests.append(
            Manifest(
                stage=Stage.PROCESSES,
                name=name,
                type=process.type,
                command=process.run.command,
                objects=(deployment, *service),
            )
        )
    return tuple(manifests)


def release_job(plan: Plan, release: PlannedRelease, version: KubernetesVersion) -> dict[str, Any]:
    """Give the Job that runs the release once.

    A Job cannot be changed, so its name follows from its content: another image, command or rule makes another Job,
    and applying the same one again does nothing. It has no ``ttlSecondsAfterFinished``: where a controller keeps the
    cluster equal to the files, a Job that vanished would run again.
    """
    labels = object_labels(plan, RELEASE, RELEASE)
    pod = {**pod_spec(plan, Instance(name=RELEASE, run=release.run), version), "restartPolicy": "Never"}
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": release.timeout,
        "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
    }
    content = json.dumps([plan.image.digest, release.run.command, spec], sort_keys=True)
    metadata = {"name": object_name_with_hash(plan.app, RELEASE, content), "labels": dict(labels)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _deployment(plan: Plan, process: PlannedProcess, name: str, version: KubernetesVersion) -> dict[str, Any]:
    labels = object_labels(plan, name, process.role.value)
    instance = Instance(name=name, run=process.run, endpoint=process.endpoint, ports=process.ports)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": object_name(plan.app, name), "labels": dict(labels)},
        "spec": {
            "replicas": process.quantity,
            "strategy": _strategy(process.role),
            "selector": {"matchLabels": selector_labels(plan, name)},
            "template": {
                "metadata": {"labels": dict(labels)},
                "spec": pod_spec(plan, instance, version),
            },
        },
    }


def _strategy(role: Role) -> dict[str, Any]:
    if role is Role.CLOCK:
        # A rolling update would have the old and the new clock tick together.
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}


def _service(plan: Plan, process: PlannedProcess, endpoint: Endpoint, name: str) -> dict[str, Any]:
    # What is in front of 'web' asks port 80; the services of an app call each other by the ports in their source.
    main = _service_port(endpoint.name, _WEB_PORT if process.role is Role.WEB else endpoint.port, endpoint.protocol)
    others = [_service_port(one.name, one.port, one.protocol) for one in process.ports if not one.internal]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": object_name(plan.app, name),
            "labels": dict(object_labels(plan, name, process.role.value)),
        },
        "spec": {
            "selector": selector_labels(plan, name),
            "ports": [main, *others],
        },
    }


def _service_port(name: str, port: int, protocol: str) -> dict[str, Any]:
    # HTTP is what everything takes a port for; gRPC has to be said, as it needs HTTP/2 from end to end.
    told = {"appProtocol": protocol} if protocol == _GRPC else {}
    return {"name": name, "port": port, **told, "targetPort": name}
