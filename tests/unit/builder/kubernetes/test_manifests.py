"""A plan becomes Kubernetes objects."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ProcessNameCollisionError
from builder.kubernetes.from_image import plan_from_image
from builder.kubernetes.kubernetes_version import NEWEST, OLDEST, KubernetesVersion
from builder.kubernetes.manifests import Stage, manifests_of
from builder.kubernetes.plan import Plan
from builder.kubernetes.pod import env_value
from tests.unit.builder.kubernetes.samples import DIGEST, SHOP, app_image, plan_of, request


def _objects(plan: Plan, version: KubernetesVersion = NEWEST) -> dict[str, Any]:
    return {
        f"{one['kind']}/{one['metadata']['name']}": one
        for manifest in manifests_of(plan, version)
        for one in manifest.objects
    }


def _pod(one: Mapping[str, Any]) -> Any:
    return one["spec"]["template"]["spec"]


def _container(one: Mapping[str, Any]) -> Any:
    return _pod(one)["containers"][0]


def _job(plan: Plan) -> Any:
    return next(one for name, one in _objects(plan).items() if name.startswith("Job/"))


def test_objects_of_an_app() -> None:
    """A Deployment for each process, a Service for web only, a Job for the release, nothing for tools, in order."""
    names = list(_objects(plan_of(SHOP)))

    assert names[0].startswith("Job/shop-release-")
    assert names[1:] == [
        "Deployment/shop-web",
        "Service/shop-web",
        "Deployment/shop-celery-beat",
        "Deployment/shop-worker",
    ]


def test_release_is_a_stage_before_the_processes() -> None:
    """The stage tells a format what has to have succeeded before what."""
    stages = [(manifest.type, manifest.stage) for manifest in manifests_of(plan_of(["web", "release"]), NEWEST)]

    assert stages == [("release", Stage.RELEASE), ("web", Stage.PROCESSES)]


def test_command_is_the_launchers_program() -> None:
    """The type's own name is in the command, even where objects have another one; arguments would go elsewhere."""
    container = _container(_objects(plan_of(["My_Worker"]))["Deployment/shop-my-worker"])

    assert container["command"] == ["/cnb/process/My_Worker"]
    assert "args" not in container


def test_selector_finds_its_own_pods_only() -> None:
    """Each selector matches the pods of one process, and never those of the release."""
    objects = _objects(plan_of(SHOP))
    pods = {
        name: one["spec"]["template"]["metadata"]["labels"]
        for name, one in objects.items()
        if "template" in one["spec"]
    }

    for name, one in objects.items():
        if not (selector := one["spec"].get("selector")):
            continue
        wanted = selector.get("matchLabels", selector).items()
        matched = [pod for pod, labels in pods.items() if wanted <= labels.items()]
        assert matched == [name.replace("Service/", "Deployment/")]


def test_selector_survives_a_new_image() -> None:
    """A selector cannot be changed, so no part of it depends on the image."""
    config = app_image(SHOP)
    one = plan_from_image(request(config))
    other = dataclasses.replace(one, image=dataclasses.replace(one.image, digest="sha256:" + "f" * 64))

    selectors = [
        {name: value["spec"].get("selector") for name, value in _objects(plan).items() if "Job" not in name}
        for plan in (one, other)
    ]

    assert selectors[0] == selectors[1]


def test_release_would_be_selected_by_a_process_of_its_name() -> None:
    """'Release' would get the label of the release's pods, so it is a collision."""
    with pytest.raises(ProcessNameCollisionError):
        manifests_of(plan_of(["Release", "release"]), NEWEST)


def test_release_job_is_not_retried() -> None:
    """A release runs once, for an hour at most, and its Job stays."""
    spec = _job(plan_of(SHOP))["spec"]

    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 3600)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in spec


def test_release_job_name_follows_its_content() -> None:
    """The same release keeps its name; another image, command or rule makes another Job."""
    plan = plan_of(SHOP)
    assert plan.release is not None
    image = dataclasses.replace(plan.image, reference=f"elsewhere@{DIGEST}")
    others = (
        plan_of({**SHOP, "release": "python manage.py migrate --plan"}),
        dataclasses.replace(plan, image=image),
        dataclasses.replace(plan, release=dataclasses.replace(plan.release, timeout=60)),
    )

    names = [_job(one)["metadata"]["name"] for one in (plan, plan_of(SHOP), *others)]

    assert names[0] == names[1]
    assert len(set(names)) == 4


def test_clock_is_never_there_twice() -> None:
    """The old clock stops before the new one starts; other processes overlap."""
    objects = _objects(plan_of(SHOP))

    assert objects["Deployment/shop-celery-beat"]["spec"]["strategy"] == {"type": "Recreate"}
    assert objects["Deployment/shop-worker"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_pods_are_restricted() -> None:
    """Every pod has what the 'restricted' Pod Security Standard asks for, and no token."""
    for one in _objects(plan_of(SHOP)).values():
        if one["kind"] == "Service":
            continue
        pod = _pod(one)
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert _container(one)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)


def test_web_has_a_minute_to_listen_and_is_never_killed_for_being_slow() -> None:
    """Startup is probed for 60 s as Heroku's router waits, readiness always, liveness never."""
    container = _container(_objects(plan_of(["web"]))["Deployment/shop-web"])

    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] == 60
    assert container["readinessProbe"] == {"tcpSocket": {"port": "http"}}
    assert "livenessProbe" not in container
    assert container["env"] == [{"name": "PORT", "value": "8080"}]


@pytest.mark.parametrize(("minor", "grace"), [(25, 30), (29, 30), (30, 35), (37, 35)])
def test_web_drains_where_kubernetes_can_sleep(minor: int, grace: int) -> None:
    """The process has its 30 s in any case: the sleep before them is added."""
    objects = _objects(plan_of(["web", "worker"]), KubernetesVersion(minor))
    web = objects["Deployment/shop-web"]

    assert _pod(web)["terminationGracePeriodSeconds"] == grace
    assert ("lifecycle" in _container(web)) is (grace > 30)
    assert _pod(objects["Deployment/shop-worker"])["terminationGracePeriodSeconds"] == 30


def test_config_is_required() -> None:
    """A missing Secret is an error Kubernetes shows, not an app without its config vars."""
    containers = [_container(one) for one in _objects(plan_of(SHOP)).values() if one["kind"] != "Service"]

    assert all(container["envFrom"] == [{"secretRef": {"name": "shop-config"}}] for container in containers)


def test_env_value_is_not_expanded() -> None:
    """Kubernetes does not replace anything in a value."""
    assert env_value("$(HOME) $HOME $$(X)") == "$$(HOME) $HOME $$$(X)"


@given(
    st.from_regex(r"\A[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z"),
    st.sets(
        st.from_regex(r"\A[A-Za-z0-9._-]{1,80}\Z") | st.sampled_from(["web", "release", "clock"]),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([OLDEST, KubernetesVersion(30), NEWEST]),
)
def test_any_app_gives_unique_names_and_equal_bytes(app: str, types: set[str], version: KubernetesVersion) -> None:
    """Whatever the process types: names of a kind are unique, labels valid, and the order of the label is no matter."""
    kept = sorted(types - {"console", "rake", "shell"}) or ["web"]
    try:
        manifests = manifests_of(plan_of(kept, app=app), version)
    except ProcessNameCollisionError:
        return
    again = manifests_of(plan_of(reversed(kept), app=app), version)
    objects = [one for manifest in manifests for one in manifest.objects]
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]

    assert json.dumps(objects) == json.dumps([one for manifest in again for one in manifest.objects])
    assert len(set(names)) == len(names)
    assert len({(one.stage, one.name) for one in manifests}) == len(manifests)
    assert all(len(value) <= 63 for one in objects for value in one["metadata"]["labels"].values())
