"""The pod of a process: how a ``Run`` of the plan becomes a pod's specification. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from builder.kubernetes.kubernetes_version import Feature, KubernetesVersion
from builder.kubernetes.names import dns_label, object_name
from builder.kubernetes.plan import Endpoint, Plan, Port, Run, User, WritablePath

_STARTUP_PERIOD = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """What a pod runs: the name of its container, how it is started, and where it listens."""

    name: str
    run: Run
    endpoint: Endpoint | None = None
    ports: tuple[Port, ...] = ()


def pod_spec(plan: Plan, instance: Instance, version: KubernetesVersion) -> dict[str, Any]:
    """Give the specification of a pod that fulfils the ``restricted`` Pod Security Standard."""
    run, endpoint = instance.run, instance.endpoint
    drain = endpoint.drain if endpoint and version.has(Feature.PRE_STOP_SLEEP) else 0
    container: dict[str, Any] = {
        "name": instance.name,
        "image": plan.image.reference,
        # No args: the launcher's program for the type knows the command, so nothing here needs a shell's quoting,
        # and Kubernetes has no '$(NAME)' to replace.
        "command": list(run.argv),
    }
    if run.env:
        container["env"] = [{"name": name, "value": env_value(value)} for name, value in sorted(run.env.items())]
    # Not optional: an app that starts without its config vars fails in stranger ways than a pod that names the Secret.
    container["envFrom"] = [{"secretRef": {"name": config_name(plan, run)}}]
    listening = (*((endpoint,) if endpoint else ()), *instance.ports)
    if listening:
        container["ports"] = [{"name": one.name, "containerPort": one.port} for one in listening]
    container["resources"] = _resources(run)
    if endpoint:
        container |= _probes(endpoint)
    if drain:
        # Not an 'exec' of sleep: a small run image may have no shell.
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": drain}}}
    container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    if run.writable:
        container["volumeMounts"] = [{"name": _volume_name(one), "mountPath": one.path} for one in run.writable]
    spec: dict[str, Any] = {
        "containers": [container],
        # Otherwise a Service called 'api' would set API_PORT in every pod beside it.
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": _security_context(plan.image.user),
        # The time to drain counts as well, and is not the process's.
        "terminationGracePeriodSeconds": run.grace + drain,
    }
    if run.writable:
        spec["volumes"] = [
            {"name": _volume_name(one), "emptyDir": {"sizeLimit": f"{one.size}Mi"}} for one in run.writable
        ]
    return spec


def config_name(plan: Plan, run: Run) -> str:
    """Name the Secret that holds a process's config vars."""
    return object_name(plan.app, run.config)


def env_value(value: str) -> str:
    """Keep Kubernetes from replacing ``$(NAME)`` in a value."""
    return value.replace("$(", "$$(")


def _resources(run: Run) -> dict[str, Any]:
    # No CPU limit: it slows a process down even when the node is idle.
    return {
        "requests": {"cpu": f"{run.size.cpu}m", "memory": f"{run.size.memory}Mi"},
        "limits": {"memory": f"{run.size.memory_limit}Mi"},
    }


def _probes(endpoint: Endpoint) -> dict[str, Any]:
    # No liveness probe: Heroku restarts a process that ends, never one that is slow, and slow is no reason to kill.
    tcp = {"tcpSocket": {"port": endpoint.name}}
    return {
        "startupProbe": {
            **tcp,
            "periodSeconds": _STARTUP_PERIOD,
            "failureThreshold": max(1, endpoint.startup // _STARTUP_PERIOD),
        },
        "readinessProbe": tcp,
    }


def _security_context(user: User) -> dict[str, Any]:
    context: dict[str, Any] = {"runAsNonRoot": True, "runAsUser": user.uid}
    if user.gid is not None:
        context["runAsGroup"] = user.gid
    return context | {"seccompProfile": {"type": "RuntimeDefault"}}


def _volume_name(writable: WritablePath) -> str:
    return dns_label(writable.path)
