"""What an image's label says about where its programs listen, and what their commands change of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from builder.kubernetes.found_endpoints import LABEL, listening, read_endpoints
from builder.kubernetes.from_image import plan_from_image
from builder.kubernetes.kubernetes_version import NEWEST
from builder.kubernetes.manifests import manifests_of
from builder.kubernetes.plan import Plan, Role
from builder.kubernetes.plan_json import plan_from_json, plan_to_json
from builder.kubernetes.report import process_lines
from tests.unit.builder.kubernetes.samples import app_image, request

HTTP = {
    "name": "http",
    "protocol": "http",
    "port": 8081,
    "flag": "http.addr",
    "takes": "address",
    "source": "main.go:3",
}
GRPC = {
    "name": "grpc",
    "protocol": "grpc",
    "port": 8082,
    "flag": "grpc.addr",
    "takes": "address",
    "source": "main.go:4",
}
DEBUG = {
    "name": "debug",
    "protocol": "http",
    "port": 8083,
    "flag": "debug.addr",
    "takes": "address",
    "source": "main.go:5",
}
FROM_PORT = {"name": "http", "protocol": "http", "port": 5000, "env": "PORT", "source": "main.go:6"}


def _label(*endpoints: Mapping[str, Any], version: int = 1) -> dict[str, str]:
    return {LABEL: json.dumps({"version": version, "programs": {"api": {"endpoints": list(endpoints)}}})}


def _listening(command: str, *endpoints: Mapping[str, Any]) -> list[tuple[str, int | None]]:
    return [(one.name, one.port) for one in listening(command, read_endpoints(_label(*endpoints)))]


def _plan(processes: Mapping[str, str], *endpoints: Mapping[str, Any], **quantities: int) -> Plan:
    config = app_image(processes)
    labelled = dataclasses.replace(config, labels={**config.labels, **_label(*endpoints)})
    return plan_from_image(request(labelled, quantities=quantities))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("bin/api", [("http", 8081), ("grpc", 8082), ("debug", 8083)]),
        ("api", [("http", 8081), ("grpc", 8082), ("debug", 8083)]),
        ("DEBUG=1 exec bin/api -v", [("http", 8081), ("grpc", 8082), ("debug", 8083)]),
        ("bin/api -http.addr=:9000", [("http", 9000), ("grpc", 8082), ("debug", 8083)]),
        ("bin/api --grpc.addr 0.0.0.0:9000", [("http", 8081), ("grpc", 9000), ("debug", 8083)]),
        ("bin/api -http.addr=:$PORT", [("http", None), ("grpc", 8082), ("debug", 8083)]),
        ("bin/api -grpc.addr=:${PORT:-80}", [("grpc", None), ("http", 8081), ("debug", 8083)]),
        ("bin/api -http.addr=:$OTHER", [("grpc", 8082), ("debug", 8083)]),
        ("bin/api -http.addr=127.0.0.1:80", [("grpc", 8082), ("debug", 8083)]),
        ("bin/api -http.addr=:1 -http.addr=:2", [("http", 2), ("grpc", 8082), ("debug", 8083)]),
        ("bin/api -debug.addr=:8081", [("http", 8081), ("grpc", 8082)]),
        ("bash -c '. ./.profile\nexec bin/api'", [("http", 8081), ("grpc", 8082), ("debug", 8083)]),
        ("python other.py", []),
        ("bin/api 'open", [("http", 8081), ("grpc", 8082), ("debug", 8083)]),
    ],
)
def test_commands(command: str, expected: list[tuple[str, int | None]]) -> None:
    """A command's flags count more than the source; what cannot be told is left out."""
    assert expected == _listening(command, HTTP, GRPC, DEBUG)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"loopback": True}, []),
        ({"port": None}, []),
        ({"name": "Bad Name"}, []),
        ({"name": "x" * 16}, []),
        ({"name": "a--b"}, []),
        ({"name": "$(rm)"}, []),
        ({"protocol": "quic"}, []),
        ({"port": 0}, []),
        ({"port": 70000}, []),
        ({"port": "80"}, []),
        ({"port": True}, []),
        ({"more": "keys"}, [("http", 8081)]),
    ],
)
def test_entries(entry: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    """An entry that does not have its form is left out; keys that nobody knows do no harm."""
    merged = {key: value for key, value in {**HTTP, **entry}.items() if value is not None}

    assert expected == _listening("bin/api", merged)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version":2,"programs":{}}', '{"version":1}', '{"version":1,"programs":{"a":[]}}']
)
def test_labels_that_say_nothing(text: str) -> None:
    """A label that is damaged, or of another version, says nothing."""
    assert {} == dict(read_endpoints({LABEL: text}))


def test_services_of_an_image() -> None:
    """A process that answers callers is a service: one of it, its ports by name, and each with its origin."""
    plan = _plan({"api": "bin/api"}, HTTP, GRPC, DEBUG)
    (process,) = plan.processes

    assert (Role.SERVICE, 1) == (process.role, process.quantity)
    assert process.endpoint is not None
    assert ("http", 8081) == (process.endpoint.name, process.endpoint.port)
    assert [("grpc", 8082, False), ("debug", 8083, True)] == [
        (one.name, one.port, one.internal) for one in process.ports
    ]
    assert "image label dev.offramp.endpoints: main.go:3" == plan.sources["processes/api/endpoint/port"]
    assert "image label dev.offramp.endpoints: main.go:4" == plan.sources["processes/api/ports/grpc"]
    assert {} == dict(process.run.env)


def test_command_is_the_origin_of_what_it_says() -> None:
    """A port that a flag of the command names has the command as its origin."""
    plan = _plan({"api": "bin/api -http.addr=:9000"}, HTTP)

    assert "command: -http.addr=:9000" == plan.sources["processes/api/endpoint/port"]


@pytest.mark.parametrize(
    ("command", "endpoint", "port"),
    [
        ("bin/api", HTTP, 8081),
        ("bin/api -http.addr=:$PORT", HTTP, 8080),
        ("bin/api", FROM_PORT, 8080),
        ("other", HTTP, 8080),
    ],
)
def test_web(command: str, endpoint: Mapping[str, Any], port: int) -> None:
    """Web gets its requests where it listens: where PORT says, or where its source says it always does."""
    (process,) = _plan({"web": command}, endpoint).processes

    assert process.endpoint is not None
    assert port == process.endpoint.port
    assert {"PORT": str(port)} == dict(process.run.env)


def test_service_that_reads_port() -> None:
    """A service that reads PORT is given one."""
    (process,) = _plan({"api": "bin/api"}, FROM_PORT).processes

    assert {"PORT": "8080"} == dict(process.run.env)


@pytest.mark.parametrize(("process_type", "role"), [("worker", Role.WORKER), ("clock", Role.CLOCK)])
def test_metrics_make_no_service(process_type: str, role: Role) -> None:
    """A process that shows nothing but metrics is what it was, with a port for Prometheus."""
    (process,) = _plan({process_type: "bin/api"}, DEBUG).processes

    assert (role, 0, None) == (process.role, process.quantity, process.endpoint)
    assert [8083] == [one.port for one in process.ports]


def test_clock_stays_a_clock() -> None:
    """A clock must not run twice, whatever it listens on."""
    (process,) = _plan({"clock": "bin/api"}, HTTP).processes

    assert (Role.CLOCK, None) == (process.role, process.endpoint)


def test_scaled_service() -> None:
    """The user's number counts."""
    assert [3] == [one.quantity for one in _plan({"api": "bin/api"}, HTTP, api=3).processes]


def test_objects_of_a_service() -> None:
    """The pod has all ports, the Service those for callers; gRPC is said; probes ask the main one."""
    plan = _plan({"api": "bin/api"}, GRPC, DEBUG)
    deployment, service = manifests_of(plan, NEWEST)[0].objects
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    assert [{"name": "grpc", "containerPort": 8082}, {"name": "debug", "containerPort": 8083}] == container["ports"]
    assert {"tcpSocket": {"port": "grpc"}} == container["readinessProbe"]
    assert [{"name": "grpc", "port": 8082, "appProtocol": "grpc", "targetPort": "grpc"}] == service["spec"]["ports"]


def test_objects_of_web_with_more_ports() -> None:
    """Web's main port is 80 of its Service; what it listens on besides has its own number."""
    plan = _plan({"web": "bin/api -http.addr=:$PORT"}, HTTP, GRPC)
    service = manifests_of(plan, NEWEST)[0].objects[1]

    assert [("http", 80), ("grpc", 8082)] == [(one["name"], one["port"]) for one in service["spec"]["ports"]]


def test_plan_comes_back_from_json() -> None:
    """The plan with services is the same after it was written and read."""
    plan = _plan({"api": "bin/api", "web": "bin/api -http.addr=:$PORT"}, HTTP, GRPC, DEBUG)

    assert plan == plan_from_json(plan_to_json(plan))


def test_report_names_ports() -> None:
    """The report says where a service listens."""
    plan = _plan({"api": "bin/api"}, HTTP, DEBUG)

    assert "listens on 8081 (http), 8083 (debug)" in process_lines(plan, manifests_of(plan, NEWEST))[0]
