"""What a translation did and why, in lines for a person. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from builder.kubernetes.kubernetes_version import NEWEST, Feature, KubernetesVersion
from builder.kubernetes.manifests import Manifest, Stage
from builder.kubernetes.plan import Plan, PlannedProcess, Role


def process_lines(plan: Plan, manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """Give a line for each process: what became of it and by which rule."""
    processes = {process.type: process for process in plan.processes}
    told = [
        (manifest.type, _release_text(manifest))
        if manifest.stage is Stage.RELEASE
        else (manifest.type, _process_text(processes[manifest.type], manifest))
        for manifest in manifests
    ]
    told += [(one.type, f"left out: {one.reason}") for one in plan.skipped]
    width = max(len(process_type) for process_type, _ in told)
    return tuple(f"{process_type:<{width}}  {text}" for process_type, text in told)


def version_notes(plan: Plan, version: KubernetesVersion) -> tuple[str, ...]:
    """Say what this version of Kubernetes made different."""
    notes = []
    if not version.has(Feature.PRE_STOP_SLEEP) and any(process.endpoint for process in plan.processes):
        notes.append(
            f"Kubernetes {version} has no preStop sleep (from 1.{Feature.PRE_STOP_SLEEP.value} on): "
            "a few requests may fail while a web process is replaced"
        )
    if version > NEWEST:
        notes.append(f"Kubernetes {version} is newer than this Offramp; objects are as for {NEWEST}")
    return tuple(notes)


def _process_text(process: PlannedProcess, manifest: Manifest) -> str:
    kinds = " and ".join(f"{one['kind']} {one['metadata']['name']}" for one in manifest.objects)
    replicas = "1 replica" if process.quantity == 1 else f"{process.quantity} replicas"
    parts = [f"{kinds}, {replicas}"]
    if process.quantity == 0 and process.role is not Role.WEB:
        parts.append(f"as Heroku starts it; more with --scale {process.type}=1")
    if process.endpoint and (process.role is Role.SERVICE or process.ports):
        ports = {process.endpoint.name: process.endpoint.port, **{one.name: one.port for one in process.ports}}
        parts.append(f"listens on {', '.join(f'{port} ({name})' for name, port in ports.items())}")
    if process.role is Role.CLOCK:
        parts.append("never two at once, by its name")
    return "; ".join(parts)


def _release_text(manifest: Manifest) -> str:
    return f"Job {manifest.objects[0]['metadata']['name']}; has to complete before the rest is applied"
