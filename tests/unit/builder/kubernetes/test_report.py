"""What a person is told about a translation."""

from __future__ import annotations

import re

from builder.kubernetes.kubernetes_version import NEWEST, KubernetesVersion
from builder.kubernetes.manifests import manifests_of
from builder.kubernetes.report import process_lines, version_notes
from tests.unit.builder.kubernetes.samples import SHOP, plan_of


def test_a_line_for_each_process_with_its_reason() -> None:
    """Each process of the image is accounted for: what became of it, and why."""
    plan = plan_of(SHOP)
    lines = [re.sub(r"-[0-9a-f]{8}", "-[HASH]", line) for line in process_lines(plan, manifests_of(plan, NEWEST))]

    beat = (
        "celery-beat  Deployment shop-celery-beat, 0 replicas; as Heroku starts it; more with --scale celery-beat=1; "
        "never two at once, by its name"
    )

    assert lines == [
        "release      Job shop-release-[HASH]; has to complete before the rest is applied",
        "web          Deployment shop-web and Service shop-web, 1 replica",
        beat,
        "worker       Deployment shop-worker, 0 replicas; as Heroku starts it; more with --scale worker=1",
        "console      left out: a tool to start by hand, which Heroku never keeps running",
    ]


def test_scaled_to_zero_by_the_user() -> None:
    """What the user chose is not said to be Heroku's choice."""
    plan = plan_of(["web"], web=0)

    assert process_lines(plan, manifests_of(plan, NEWEST)) == (
        "web  Deployment shop-web and Service shop-web, 0 replicas",
    )


def test_version_notes() -> None:
    """Old and unknown versions are remarked upon, the newest known is not."""
    plan = plan_of(["web"])

    assert version_notes(plan, NEWEST) == ()
    assert "a few requests may fail" in version_notes(plan, KubernetesVersion(29))[0]
    assert version_notes(plan_of(["worker"]), KubernetesVersion(29)) == ()
    assert "newer than this Offramp" in version_notes(plan, KubernetesVersion(NEWEST.minor + 1))[0]
