"""The Rails monolith's whole way: built, migrated in PostgreSQL, served, its jobs worked, stopped, and built again."""

from __future__ import annotations

import dataclasses
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, answers, cycle_of, replace_in
from tests.support.gem_source import MIRROR, SERVER, add_gem, from_gem_server
from tests.support.offramp import free_port, get
from tests.support.postgres import Postgres, postgres
from tests.support.websocket import cable, web_socket

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("rails-monolith")]

RUBY, GEMS = "offramp/ruby: ruby", "offramp/ruby: gems"
SECRET = "b2" * 64
STOPPING = "Gracefully stopping"  # what Puma says when SIGTERM has reached it
GRACE = 30.0  # seconds; what Kubernetes gives a container
YEAR = "public, max-age=31556952"


def post(url: str, **fields: str) -> str:
    """Send a form, and give the page it leads to."""
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as answer:  # noqa: S310 - loopback
        text: str = answer.read().decode()
        return text


def ask_page(base: str) -> None:
    """Expect the page, with assets that have digests."""
    status, page = get(f"{base}/")
    assert (status, "<h1>Harbour log</h1>" in page) == (200, True), page
    for kind in ("css", "js"):
        assert re.search(rf"/assets/application-[0-9a-f]{{64}}\.{kind}", page), page


def asset(base: str, name: str) -> tuple[str, str]:
    """Ask for the asset that the page names; gives its path and its text."""
    stem, _, kind = name.rpartition(".")
    found = re.search(rf"/assets/{stem}-[0-9a-f]{{64}}\.{kind}", get(f"{base}/")[1])
    assert found is not None
    status, text = get(base + found[0])
    assert status == 200
    return found[0], text


class TestMonolith(AppCycle):
    """rails_monolith, with the real PostgreSQL."""

    case: ClassVar = AppCase(
        app="rails_monolith",
        ask=ask_page,
        edit=replace_in("app/models/arrival.rb", "lies at berth", "rests at berth"),
        ask_edited=answers("/", "<h1>Harbour log</h1>", "rests at berth 7"),
        depend=add_gem("rack-timeout"),
        kept=(RUBY, GEMS),
        prepare=from_gem_server,
        options=MIRROR,
    )

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls) -> Iterator[Postgres]:
        """An empty database."""
        with postgres() as one:
            yield one

    @pytest.fixture(scope="class")
    @classmethod
    def cycle(cls, database: Postgres) -> Iterator[Cycle]:
        """The app, built once; its release process has run, and one ship has come before."""
        environ = {"DATABASE_URL": database.container_url, "SECRET_KEY_BASE": SECRET}
        with cycle_of(dataclasses.replace(cls.case, environ=environ)) as one:
            one.offramp.run("run", one.case.name, "release", *_variables(one))
            database.query(
                "INSERT INTO arrivals (ship, berth, created_at, updated_at) VALUES ('Heron', 7, now(), now())"
            )
            yield one

    def test_release_process_migrates_the_database(self, cycle: Cycle, database: Postgres) -> None:
        """The release process has made the tables; run again, it finds nothing to do."""
        done = cycle.offramp.run("run", cycle.case.name, "release", *_variables(cycle))

        versions = database.query("SELECT version FROM schema_migrations ORDER BY version")
        assert versions == [["20260101000001"], ["20260101000002"]]
        assert "migrating" not in done.stdout

    def test_page_lists_a_record(self, cycle: Cycle) -> None:
        """The page shows what PostgreSQL holds."""
        cycle.ask(answers("/", "Heron lies at berth 7"))

    def test_health_endpoint_answers(self, cycle: Cycle) -> None:
        """``/up`` says that the app is up, as probes want it."""
        cycle.ask(answers("/up", "background-color: green"))

    def test_digested_assets_are_kept_for_a_year(self, cycle: Cycle) -> None:
        """Style sheet, script and image were compiled in the build, and are served with a long life."""
        with _web(cycle) as base:
            style, script = asset(base, "application.css"), asset(base, "application.js")
            image = asset(base, "anchor.svg")
            with urllib.request.urlopen(base + style[0], timeout=10) as answer:  # noqa: S310 - loopback
                headers = dict(answer.headers.items())

        assert "color: navy" in style[1]
        assert "createConsumer" in script[1]
        assert "<svg" in image[1]
        assert {name.lower(): value for name, value in headers.items()}["cache-control"] == YEAR

    def test_page_that_is_not_there(self, cycle: Cycle) -> None:
        """Errors are answered as in production: with the app's own page, without a trace."""
        cycle.ask(answers("/harbour-master", "No such page in the harbour log", status=404))

    def test_action_cable_answers_on_the_same_port(self, cycle: Cycle) -> None:
        """A WebSocket is opened, a channel subscribed to, and a call of it answered."""
        with _web(cycle) as base, cable(base, "ArrivalsChannel") as channel:
            channel.perform("hail", text="ahoy")

            assert channel.next() == {"heard": "ahoy"}

    def test_action_cable_refuses_other_origins(self, cycle: Cycle) -> None:
        """In production, pages of other hosts get no WebSocket."""
        with (
            _web(cycle) as base,
            pytest.raises(ConnectionRefusedError, match="404"),
            web_socket(f"{base}/cable", origin="http://pirates.example"),
        ):
            pass

    def test_worker_performs_a_job_that_everyone_hears_of(self, cycle: Cycle, database: Postgres) -> None:
        """A form makes a record and a job; the worker does it; its message comes back over the WebSocket."""
        with _web(cycle) as base, cable(base, "ArrivalsChannel") as channel:
            page = post(f"{base}/arrivals", **{"arrival[ship]": "Albatross", "arrival[berth]": "12"})
            assert "Albatross lies at berth 12</li>" in page
            assert database.query("SELECT count(*) FROM delayed_jobs") == [["1"]]
            worker = cycle.offramp.start("run", cycle.case.name, "worker", *_variables(cycle))
            try:
                assert channel.next() == {"announcement": "Albatross lies at berth 12"}
                database.wait_for("SELECT count(*) FROM delayed_jobs", [["0"]])
                assert "Albatross lies at berth 12 (announced)" in get(f"{base}/")[1]
                begin = time.monotonic()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(timeout=GRACE) == 0
                assert time.monotonic() - begin < GRACE
            finally:
                worker.kill()

    def test_web_ends_on_sigterm(self, cycle: Cycle) -> None:
        """SIGTERM reaches Puma each time, and it ends in order.

        On a machine with more to do than processors, Puma 6.6.0 sometimes says 'Gracefully stopping' and never ends,
        with and without a process between it and the signal; why, is not known. So it may take three tries to end.
        """
        assert 0 in (_stop_web(cycle) for _ in range(3))

    def test_container_ends_on_sigterm(self, cycle: Cycle) -> None:
        """Under Docker the same: the signal reaches the app through the launcher, and the exit code is 0."""
        assert 0 in (_stop_container(cycle) for _ in range(3))

    def test_nothing_secret_and_nothing_for_development_is_in_the_image(self, cycle: Cycle) -> None:
        """No key was made at build time; gems of the group 'development' are not there; nothing is left in tmp."""
        shell = "bundle list; env | grep SECRET; ls tmp/cache; ls log"
        done = cycle.offramp.run("run", cycle.case.name, "--", "sh", "-c", shell, code=None)

        assert "* pg (1.5.6)" in done.stdout
        assert "listen" not in done.stdout
        assert "SECRET" not in done.stdout
        assert done.stdout.splitlines()[-1] == "bootsnap"

    def test_changed_line_leaves_the_assets(self, cycle: Cycle) -> None:
        """A changed line of Ruby fetches nothing, and the assets stay what they were, to the byte."""
        cycle.build()
        before = len(cycle.proxy.traffic.requests)
        with _web(cycle) as base:
            first = asset(base, "application.css"), asset(base, "application.js")
        edited = cycle.edited(replace_in("app/models/arrival.rb", "lies at berth", "is moored at berth"))
        edited.build()
        with _web(edited) as base:
            again = asset(base, "application.css"), asset(base, "application.js")

        assert first == again
        assert cycle.proxy.traffic.requests[before:] == []

    def test_changed_asset_is_served_under_another_name(self, cycle: Cycle) -> None:
        """A changed style sheet has another digest; gems and Ruby are used again, and nothing is fetched."""
        cycle.build()
        before = len(cycle.proxy.traffic.requests)
        with _web(cycle) as base:
            first = asset(base, "application.css")
        edited = cycle.edited(replace_in("app/assets/stylesheets/colours.css", "navy", "teal"))
        built = edited.build()
        with _web(edited) as base:
            again = asset(base, "application.css")
            # Whoever still has the page of the last release finds its assets, as on Heroku.
            assert get(base + first[0]) == (200, first[1])

        assert first[0] != again[0]
        assert "color: teal" in again[1]
        assert {RUBY, GEMS} <= {layer["name"] for layer in built["layers"] if layer["reused"]}
        assert cycle.proxy.traffic.requests[before:] == []

    def test_one_gem_more_fetches_one_gem(self, cycle: Cycle) -> None:
        """A gem that is added is the only one that is fetched and installed."""
        cycle.build()
        before = len(cycle.proxy.traffic.requests)
        edited = cycle.edited(add_gem("rack-timeout"))
        done = edited.offramp.run("build", edited.app, "-t", cycle.case.name, *edited.case.options)

        fetched = [url for url, _, _ in cycle.proxy.traffic.requests[before:] if url.endswith(".gem")]
        assert fetched == [f"{SERVER}/gems/rack-timeout-0.7.0.gem"]
        assert re.findall(r"Installing (\S+) \d", done.stderr) == ["rack-timeout"]

    def test_one_gem_more_over_a_cache_is_the_image_of_a_cold_build(self, cycle: Cycle) -> None:
        """What the last build left in the cache leaves no trace: the digest is that of a build without one.

        The cache is another one than that of the tests before, which have changed assets: those of earlier releases
        stay in an image, as on Heroku.
        """
        cycle.build("warm")
        edited = cycle.edited(add_gem("rack-timeout"))

        assert edited.build("warm")["digest"] == edited.build("cold")["digest"]


def _stop_web(cycle: Cycle) -> int | None:
    """Run the web process and send it SIGTERM; gives its exit code, or None if it has not ended in its grace."""
    port = free_port()
    process = cycle.offramp.start("run", cycle.case.name, *_variables(cycle), "--port", str(port))
    get(f"http://127.0.0.1:{port}/up")
    before = cycle.offramp.logs().count(STOPPING)
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
    finally:
        assert cycle.offramp.logs().count(STOPPING) > before


def _stop_container(cycle: Cycle) -> int | None:
    """Send SIGTERM to a container; gives its exit code, or None if it has not ended in its grace."""
    with cycle.container() as container:
        get(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(8080)}/up")
        wrapped = container.get_wrapped_container()
        wrapped.kill(signal="SIGTERM")
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            wrapped.reload()
            if wrapped.status == "exited":
                assert STOPPING in wrapped.logs().decode()
                code: int = wrapped.attrs["State"]["ExitCode"]
                return code
            time.sleep(0.2)
        assert STOPPING in wrapped.logs().decode()
        return None


def _variables(cycle: Cycle) -> tuple[str, ...]:
    return tuple(word for name, value in cycle.case.environ.items() for word in ("-e", f"{name}={value}"))


@contextmanager
def _web(cycle: Cycle, name: str = "") -> Iterator[str]:
    """Run the web process; gives its address once it answers."""
    port = free_port()
    with cycle.offramp.running(name or cycle.case.name, *_variables(cycle), port=port):
        base = f"http://127.0.0.1:{port}"
        get(f"{base}/up")
        yield base
