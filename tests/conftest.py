"""What holds for every test: no ambient settings, and no helper container of testcontainers."""

from __future__ import annotations

import os

import pytest

# testcontainers' clean-up container would be pulled from a registry; the tests remove their containers themselves.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what it needs is there, or the set-up is wrong."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line(
            "CI skips nothing: see the reasons below, and what the set-up should have installed", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_finish(session: pytest.Session) -> None:
    """A group of tests shares an app and Docker's names: on two workers at once they would see each other's images."""
    grouped = (item for item in session.items if item.get_closest_marker("xdist_group"))
    if session.config.getoption("loadgroup", default=False) and any("@" not in item.nodeid for item in grouped):
        message = "pytest-xdist does not see the groups of tests: this pytest and this xdist do not fit"
        raise pytest.UsageError(message)


@pytest.fixture(autouse=True)
def no_ambient_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away variables of the developer's shell that would change a build."""
    for name in ("SOURCE_DATE_EPOCH", "DISABLE_COLLECTSTATIC", "OFFRAMP_TRACEBACK", "CNB_PLATFORM_API", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
