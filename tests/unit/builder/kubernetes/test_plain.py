"""The plain format."""

from __future__ import annotations

import re

import yaml

from builder.kubernetes.formats.plain import next_steps, render
from builder.kubernetes.kubernetes_version import NEWEST
from lifecycle_py.version import __version__
from tests.unit.builder.kubernetes.samples import DIGEST, SHOP, plan_of


def test_files_show_the_order() -> None:
    """The release is in a directory of its own that comes first, and no object lies at the top."""
    assert [file.path for file in render(plan_of(SHOP), NEWEST)] == [
        "1-release/release.yaml",
        "2-processes/web.yaml",
        "2-processes/celery-beat.yaml",
        "2-processes/worker.yaml",
    ]


def test_heading() -> None:
    """A file says what wrote it, from what, and what the process runs; nothing of this host or moment."""
    lines = render(plan_of(SHOP), NEWEST)[1].text.splitlines()

    assert lines[0] == f"# Written by offramp {__version__} for app shop, from registry.example/team/shop@{DIGEST}"
    assert lines[2:4] == ["# web: gunicorn shop.wsgi", "apiVersion: apps/v1"]


def test_same_plan_gives_same_bytes() -> None:
    """Equal plans give equal files."""
    assert render(plan_of(SHOP), NEWEST) == render(plan_of(SHOP), NEWEST)


def test_version_label_is_text() -> None:
    """A digest that looks like a number stays text for every reader."""
    file = render(plan_of(["web"]), NEWEST)[0]

    assert 'app.kubernetes.io/version: "12345e678901"' in file.text
    assert yaml.safe_load_all(file.text) is not None


def test_next_steps_gate_the_release() -> None:
    """The processes are applied by a command that does nothing unless the release's Job is complete."""
    steps = next_steps(plan_of(SHOP), NEWEST, "out dir")
    commands = [command for step in steps for command in step.commands]

    assert commands[0] == "kubectl create secret generic shop-config --from-env-file=.env"
    assert commands[1] == "kubectl apply -f 'out dir/1-release'"
    assert re.fullmatch(
        r"kubectl wait job/shop-release-[0-9a-f]{8} --for=condition=complete --timeout=30s "
        r"&& kubectl apply -f 'out dir/2-processes'",
        commands[-1],
    )


def test_next_steps_without_release() -> None:
    """Without a release there is nothing to wait for."""
    commands = [command for step in next_steps(plan_of(["web"]), NEWEST, "out") for command in step.commands]

    assert commands == [
        "kubectl create secret generic shop-config --from-env-file=.env",
        "kubectl apply -f out/2-processes",
    ]
