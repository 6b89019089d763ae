"""The plan itself, as JSON: what other tools read."""

from __future__ import annotations

from builder.kubernetes.formats.format import Format, OutputFile, Step
from builder.kubernetes.kubernetes_version import KubernetesVersion
from builder.kubernetes.plan import Plan
from builder.kubernetes.plan_json import plan_to_json


def render(plan: Plan, version: KubernetesVersion) -> tuple[OutputFile, ...]:
    """Give one file, the same for every version of Kubernetes."""
    del version
    return (OutputFile(path="plan.json", text=plan_to_json(plan)),)


def next_steps(plan: Plan, version: KubernetesVersion, directory: str) -> tuple[Step, ...]:
    """Suggest nothing: whoever asks for the plan knows what to do with it."""
    del plan, version, directory
    return ()


FORMAT = Format(render=render, next_steps=next_steps)
