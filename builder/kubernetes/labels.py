"""Labels of objects: the ones Kubernetes recommends, and the fewer by which a Deployment knows its pods."""

from __future__ import annotations

from collections.abc import Mapping

from builder.kubernetes.plan import Plan

_PREFIX = "app.kubernetes.io"
_DIGEST_LENGTH = 12


def selector_labels(plan: Plan, name: str) -> dict[str, str]:
    """Give what selects a process's pods. A selector can never be changed, so nothing in it may ever change."""
    return {f"{_PREFIX}/name": name, f"{_PREFIX}/instance": plan.app}


def object_labels(plan: Plan, name: str, component: str) -> Mapping[str, str]:
    """Give the labels of a process's objects and pods."""
    return {
        **selector_labels(plan, name),
        f"{_PREFIX}/part-of": plan.app,
        f"{_PREFIX}/component": component,
        f"{_PREFIX}/version": plan.image.digest.rpartition(":")[2][:_DIGEST_LENGTH],
        f"{_PREFIX}/managed-by": "offramp",
    }
