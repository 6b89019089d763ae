"""A Rails app whose script and style sheet are bundled by esbuild through npm: two buildpacks, one image."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, replace_in
from tests.support.gem_source import MIRROR, add_gem, from_gem_server
from tests.support.offramp import get

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("rails-node")]

RUBY, GEMS = "offramp/ruby: ruby", "offramp/ruby: gems"


def _asset(base: str, name: str) -> str:
    """Give the text of the asset that the page names."""
    stem, _, kind = name.rpartition(".")
    page = get(f"{base}/")[1]
    found = re.search(rf"/assets/{stem}-[0-9a-f]{{64}}\.{kind}", page)
    assert found is not None, page
    status, text = get(base + found[0])
    assert status == 200
    return text


def _ask(base: str) -> None:
    """Expect what esbuild makes: both packages of npm in one file each, smaller than they were written."""
    script = _asset(base, "application.js")
    assert "the sun shines from" in script
    assert "sunrise" in script
    assert "import" not in script.partition("sourceMappingURL")[0]
    assert "darkgoldenrod" in _asset(base, "styles.css").replace("#b8860b", "darkgoldenrod")
    assert "box-sizing" in _asset(base, "styles.css")


def _ask_edited(base: str) -> None:
    assert "daylight lasts from" in _asset(base, "application.js")


class TestRailsWithEsbuild(AppCycle):
    """rails_node: npm installs, rake compiles, Rails serves."""

    case: ClassVar = AppCase(
        app="rails_node",
        ask=_ask,
        edit=replace_in("app/javascript/daylight.js", "the sun shines from", "daylight lasts from"),
        ask_edited=_ask_edited,
        depend=add_gem("rack-timeout"),
        prepare=from_gem_server,
        kept=(RUBY, GEMS),
        environ={"SECRET_KEY_BASE": "c3" * 64},
        options=MIRROR,
    )

    def test_web_process_is_rails(self, cycle: Cycle) -> None:
        """Node.js compiles the assets and starts nothing: the processes are the Procfile's and those of Rails."""
        processes = {process["type"]: process["command"] for process in cycle.first["processes"]}

        assert processes["web"] == "bundle exec puma -b tcp://0.0.0.0:${PORT:-3000}"
        assert not any("npm" in command for command in processes.values())
