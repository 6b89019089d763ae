"""Ruby apps without Rails through their whole life: Sinatra without a Procfile, and a gem compiled from source."""

from __future__ import annotations

import re
from typing import ClassVar
from zlib import crc32

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, answers, replace_in
from tests.support.gem_source import MIRROR, add_gem, from_gem_server

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-apps")]

RUBY, GEMS = "offramp/ruby: ruby", "offramp/ruby: gems"


class TestSinatra(AppCycle):
    """Sinatra, no Procfile: what Heroku starts for a config.ru."""

    case: ClassVar = AppCase(
        app="ruby_sinatra",
        ask=answers("/notes/tea", '<h1 id="tea">Tea</h1>', "<em>not four</em>"),
        edit=replace_in("notebook.rb", "Three minutes", "Two minutes"),
        ask_edited=answers("/notes/tea", "Two minutes"),
        depend=add_gem("rack-timeout"),
        kept=(RUBY, GEMS),
        prepare=from_gem_server,
        options=MIRROR,
    )


class TestNativeGem(AppCycle):
    """A gem without a precompiled form: compiled in the build, with the stack's compiler and headers."""

    case: ClassVar = AppCase(
        app="ruby_native_gem",
        ask=answers("/?text=to%20be%20or%20not", '"words":4', f'"checksum":{crc32(b"to be or not")}'),
        edit=replace_in("config.ru", "words:", "count:"),
        ask_edited=answers("/?text=to%20be", '"count":2'),
        depend=add_gem("rack-timeout"),
        kept=(RUBY, GEMS),
        prepare=from_gem_server,
        options=MIRROR,
    )

    def test_compiled_gem_is_not_compiled_again(self, cycle: Cycle) -> None:
        """One gem more leaves the compiled one as it is."""
        cycle.build()
        edited = cycle.edited(add_gem("rack-timeout"))
        done = edited.offramp.run("build", edited.app, "-t", cycle.case.name, *edited.case.options)

        assert re.findall(r"Installing (\S+) \d", done.stderr) == ["rack-timeout"]
