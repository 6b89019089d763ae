"""Go apps through their whole life: plain, vendored, with C, with a private module, and a repository of services."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from tests.support.app_cycle import AppCase, AppCycle, Ask, Cycle, all_of, answers, replace_in
from tests.support.go_modules import fill_module_proxy
from tests.support.offramp import free_port, get

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("go-apps")]

PROGRAMS, LAUNCHER = "offramp/go: programs", "launcher"
MODULES = {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "go1.27.3"}


def _go(app: Path, *arguments: str, **env: str) -> None:
    """Change an app as its developer would."""
    subprocess.run(["go", *arguments], cwd=app, env={**os.environ, **MODULES, **env}, check=True, capture_output=True)


def _require(module: str) -> Any:
    """Make an edit that requires another version of a module."""

    def edit(app: Path) -> None:
        _go(app, "get", module)
        _go(app, "mod", "tidy")

    return edit


def _wait_for(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {port}"
            time.sleep(0.1)
        else:
            return


class TestNetHttp(AppCycle):
    """One program, no Procfile, the standard library's server."""

    case: ClassVar = AppCase(
        app="go_net_http",
        ask=answers("/slug?title=Cr%C3%A8me%20br%C3%BBl%C3%A9e", '"creme-brulee"'),
        edit=replace_in("slug/slug.go", 'Separator = "-"', 'Separator = "_"'),
        ask_edited=answers("/slug?title=Cr%C3%A8me%20br%C3%BBl%C3%A9e", '"creme_brulee"'),
        depend=_require("golang.org/x/text@v0.31.0"),
        kept=(LAUNCHER, "process types"),
    )

    def test_changed_line_downloads_nothing(self, cycle: Cycle) -> None:
        """A changed line is compiled with what the caches hold: nothing is fetched."""
        before = len(cycle.proxy.traffic.requests)
        cycle.edited(replace_in("slug/slug.go", 'Separator = "-"', 'Separator = "~"')).build()

        assert [] == cycle.proxy.traffic.requests[before:]


def _vendor(app: Path) -> None:
    _go(app, "mod", "vendor")


class TestGinVendored(AppCycle):
    """Modules are in vendor/; the module's name has no slash; gin reads PORT by itself."""

    case: ClassVar = AppCase(
        app="go_gin_vendored",
        # That is what v1.10.1 calls itself.
        ask=answers("/entries", '"Grace"', '"gin":"v1.10.0"'),
        edit=replace_in("main.go", 'greeting = "welcome"', 'greeting = "hello"'),
        ask_edited=answers("/sign?name=Ada", "hello Ada"),
        depend=all_of(_require("github.com/gin-gonic/gin@v1.9.1"), _vendor),
        ask_depending=answers("/entries", '"gin":"v1.9.1"'),
        prepare=_vendor,
        kept=(LAUNCHER, "process types"),
    )

    def test_no_module_is_downloaded(self, cycle: Cycle) -> None:
        """Go itself is all that is fetched."""
        fetched = {url for url, _, _ in cycle.proxy.traffic.requests if "/@v/" in url}

        assert all("golang.org/toolchain/" in url for url in fetched)


def _both(one: Ask, other: Ask) -> Ask:
    def ask(base: str) -> None:
        one(base)
        other(base)

    return ask


class TestCgo(AppCycle):
    """C code of the app's own, linked with a library of the base image; the Procfile passes the port."""

    case: ClassVar = AppCase(
        app="go_cgo",
        ask=_both(answers("/crc32c?text=123456789", "e3069283"), answers("/zlib", "1.")),
        edit=replace_in("crc32c.c", "return ~crc;", "return crc;"),
        ask_edited=answers("/crc32c?text=123456789", "1cf96d7c"),
        depend=replace_in("go.mod", "go 1.27.3\n", "go 1.27.3\n\ngodebug default=go1.26\n"),
        kept=(LAUNCHER, "process types"),
    )


def _private_proxy(app: Path) -> None:
    fill_module_proxy(app / "proxy")


def _newer_words(app: Path) -> None:
    proxies = f"file://{app / 'proxy'},https://proxy.golang.org"
    _go(app, "get", "private.example.com/team/words@v1.1.0", GOPROXY=proxies, GONOSUMDB="private.example.com")


class TestPrivateModule(AppCycle):
    """A module that only the team's own proxy has, before the public one in GOPROXY."""

    case: ClassVar = AppCase(
        app="go_private_module",
        ask=answers("/greet?name=Ada", "Hello, Ada"),
        edit=replace_in("main.go", "words.Greeting(r", '"<" + words.Greeting(r'),
        ask_edited=answers("/greet?name=Ada", "<Hello, Ada"),
        depend=_newer_words,
        ask_depending=answers("/greet?name=Ada", "Good day, Ada"),
        prepare=_private_proxy,
        kept=(LAUNCHER, "process types"),
        options=(
            "-e", "GOPROXY=file://${build_dir}/proxy,https://proxy.golang.org",
            "-e", "GONOSUMDB=private.example.com",
        ),
    )  # fmt: skip


def _procfile(app: Path) -> None:
    (app / "Procfile").write_text("web: catalog -http.addr=:$PORT\norders: orders\nrestocker: restocker\n")


class TestGoKit(AppCycle):
    """A repository of Go kit services whose Procfile makes one of them the web process."""

    case: ClassVar = AppCase(
        app="go_kit_services",
        ask=answers("/products/tea", '"Green tea"'),
        edit=replace_in("catalog/catalog.go", '"Green tea"', '"Black tea"'),
        ask_edited=answers("/products/tea", '"Black tea"'),
        depend=_require("github.com/prometheus/client_golang@v1.23.1"),
        prepare=_procfile,
        kept=(LAUNCHER, "process types"),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def shop(cls, cycle: Cycle) -> dict[str, Any]:
        """The repository as it is, without a Procfile; compiled over what the cycle's builds left."""
        return cycle.edited(lambda app: (app / "Procfile").unlink()).build()

    def test_four_services_are_four_processes(self, shop: dict[str, Any]) -> None:
        """One image has a process for each program, and none of them is started by default."""
        processes = {one["type"]: (one["command"], one["default"]) for one in shop["processes"]}

        assert processes == {
            "catalog": ("bin/catalog", False),
            "orders": ("bin/orders", False),
            "pricing": ("bin/pricing", False),
            "restocker": ("bin/restocker", False),
        }

    def test_services_call_each_other(self, cycle: Cycle, shop: dict[str, Any]) -> None:
        """The processes run as they are: orders asks pricing over gRPC, and its metrics count what it served."""
        del shop
        with ExitStack() as running:
            for process in ("pricing", "orders"):
                running.enter_context(cycle.offramp.running(cycle.case.name, process, port=free_port()))
            for port in (8082, 8083, 8085):
                _wait_for(port)
            total = get("http://127.0.0.1:8083/total?sku=tea&count=3")
            metrics = get("http://127.0.0.1:8085/metrics")[1]

        assert (200, {"sku": "tea", "cents": 2385}) == (total[0], json.loads(total[1]))
        assert 'shop_orders_served_total{sku="tea"} 1' in metrics

    def test_each_service_gets_its_deployment_and_service(
        self, cycle: Cycle, shop: dict[str, Any], tmp_path: Path
    ) -> None:
        """The translation gives each process a Deployment, and those that listen a Service with the found ports."""
        del shop
        cycle.offramp.run("translate", cycle.case.name, "-o", tmp_path / "k8s", "--app", "shop")
        objects = [
            one for file in sorted((tmp_path / "k8s").rglob("*.yaml")) for one in yaml.safe_load_all(file.read_text())
        ]
        containers = {
            one["metadata"]["name"]: {
                port["name"]: port["containerPort"]
                for port in one["spec"]["template"]["spec"]["containers"][0].get("ports", ())
            }
            for one in objects
            if one["kind"] == "Deployment"
        }
        services = {
            one["metadata"]["name"]: {port["name"]: port["port"] for port in one["spec"]["ports"]}
            for one in objects
            if one["kind"] == "Service"
        }
        replicas = {one["metadata"]["name"]: one["spec"]["replicas"] for one in objects if one["kind"] == "Deployment"}

        assert containers == {
            "shop-catalog": {"http": 8081},
            "shop-orders": {"http": 8083, "grpc": 8084, "debug": 8085},
            "shop-pricing": {"grpc": 8082},
            "shop-restocker": {},
        }
        assert services == {
            "shop-catalog": {"http": 8081},
            "shop-orders": {"http": 8083, "grpc": 8084},
            "shop-pricing": {"grpc": 8082},
        }
        assert replicas == {"shop-catalog": 1, "shop-orders": 1, "shop-pricing": 1, "shop-restocker": 0}
