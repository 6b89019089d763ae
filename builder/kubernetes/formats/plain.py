"""Plain YAML: one file for each process, in a directory for each stage.

The top directory holds no file, so that ``kubectl apply -f DIR`` refuses to apply all stages at once: the processes of
a new image must not start before its release has succeeded.
"""

from __future__ import annotations

import shlex

from builder.kubernetes.formats.format import Format, OutputFile, Step
from builder.kubernetes.formats.yaml_text import comment, to_yaml
from builder.kubernetes.kubernetes_version import KubernetesVersion
from builder.kubernetes.manifests import Manifest, Stage, manifests_of, release_job
from builder.kubernetes.plan import Plan
from builder.kubernetes.pod import config_name
from lifecycle_py.version import __version__

_DIRECTORIES = {Stage.RELEASE: "1-release", Stage.PROCESSES: "2-processes"}


def render(plan: Plan, version: KubernetesVersion) -> tuple[OutputFile, ...]:
    """Give the files, in the order to apply them."""
    return tuple(
        OutputFile(
            path=path_of(manifest),
            text=_heading(plan, manifest, version) + to_yaml(manifest.objects),
        )
        for manifest in manifests_of(plan, version)
    )


def path_of(manifest: Manifest) -> str:
    """Give the path of a process's file."""
    return f"{_DIRECTORIES[manifest.stage]}/{manifest.name}.yaml"


def next_steps(plan: Plan, version: KubernetesVersion, directory: str) -> tuple[Step, ...]:
    """Give the commands that bring the objects into a cluster, each stage after the one before."""
    quoted = shlex.quote(directory.rstrip("/") or "/")
    configs = sorted({config_name(plan, run) for run in (process.run for process in plan.processes)})
    if plan.release:
        configs = sorted({*configs, config_name(plan, plan.release.run)})
    steps = [
        Step(
            purpose="once, with the app's config vars as lines NAME=value in .env (it may be empty)",
            commands=tuple(f"kubectl create secret generic {name} --from-env-file=.env" for name in configs),
        )
    ]
    if plan.release:
        job = "job/" + release_job(plan, plan.release, version)["metadata"]["name"]
        ended = "--for=jsonpath='{.status.conditions[0].status}'=True"
        steps.append(
            Step(
                purpose="run the release and wait until it has ended; go on only if it is complete",
                commands=(
                    f"kubectl apply -f {quoted}/{_DIRECTORIES[Stage.RELEASE]}",
                    f"kubectl wait {job} {ended} --timeout={plan.release.timeout}s",
                    f"kubectl wait {job} --for=condition=complete --timeout=30s || kubectl logs {job}",
                ),
            )
        )
    if plan.processes:
        steps.append(
            Step(
                purpose="start the processes",
                commands=(f"kubectl apply -f {quoted}/{_DIRECTORIES[Stage.PROCESSES]}",),
            )
        )
    return tuple(steps)


def _heading(plan: Plan, manifest: Manifest, version: KubernetesVersion) -> str:
    return (
        comment(f"Written by offramp {__version__} for app {plan.app}, from {plan.image.reference}")
        + comment(f"for Kubernetes {version}. Translating again overwrites this file: changes belong somewhere else.")
        + comment(f"{manifest.type}: {manifest.command}")
    )


FORMAT = Format(render=render, next_steps=next_steps)
