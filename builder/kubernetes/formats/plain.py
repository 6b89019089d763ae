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
    """Give the commands that bring the objects into a cluster; each stage's only work after the one before."""
    runs = [process.run for process in plan.processes] + ([plan.release.run] if plan.release else [])
    apply = {stage: f"kubectl apply -f {shlex.quote(f'{directory}/{name}')}" for stage, name in _DIRECTORIES.items()}
    steps = [
        Step(
            purpose=_config_purpose(plan),
            commands=(
                *(
                    f"printf '{one.name}=%s\\n' \"$(openssl rand -hex 64)\" >> .env"
                    for one in plan.required
                    if one.generated
                ),
                *(
                    f"kubectl create secret generic {name} --from-env-file=.env"
                    for name in sorted({config_name(plan, run) for run in runs})
                ),
            ),
        )
    ]
    gate = ""
    if plan.release:
        job = "job/" + release_job(plan, plan.release, version)["metadata"]["name"]
        # A Job's first condition comes when it ends, well or not; waiting for 'complete' would outwait a failure.
        ended = f"--for=jsonpath='{{.status.conditions[0].status}}'=True --timeout={plan.release.timeout}s"
        commands = (apply[Stage.RELEASE], f"kubectl wait {job} {ended}", f"kubectl logs {job}")
        steps.append(Step(purpose="run the release, and see how it ended", commands=commands))
        gate = f"kubectl wait {job} --for=condition=complete --timeout=30s && "
    if plan.processes:
        purpose = "start the processes, if the release is complete" if gate else "start the processes"
        steps.append(Step(purpose=purpose, commands=(gate + apply[Stage.PROCESSES],)))
    return tuple(steps)


def _config_purpose(plan: Plan) -> str:
    given = [one.name for one in plan.required if not one.generated]
    content = f"which needs {' and '.join(given)}" if given else "which may be empty"
    return f"once: the app's config vars, as lines NAME=value in .env ({content})"


def _heading(plan: Plan, manifest: Manifest, version: KubernetesVersion) -> str:
    return (
        comment(f"Written by offramp {__version__} for app {plan.app}, from {plan.image.reference}")
        + comment(f"for Kubernetes {version}. Translating again overwrites this file: changes belong somewhere else.")
        + comment(f"{manifest.type}: {manifest.command}")
    )


FORMAT = Format(render=render, next_steps=next_steps)
