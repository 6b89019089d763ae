"""Ruby apps without Rails through their whole life: Sinatra without a Procfile, and a gem compiled from source."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.app_cycle import AppCase, AppCycle, Cycle, answers, replace_in
from tests.support.gem_source import MIRROR, shelve_gems, write_lock

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-apps")]

RUBY, GEMS = "offramp/ruby: ruby", "offramp/ruby: gems"


def add_gem(name: str, source: str = "rubygems.org") -> object:
    """Make an edit that adds a gem, and locks it as a developer would."""

    def edit(app: Path) -> None:
        gemfile = app / "Gemfile"
        gemfile.write_text(
            gemfile.read_text().replace(f'"https://{source}"\n', f'"https://{source}"\n\ngem "{name}"\n')
        )
        write_lock(app)

    return edit


class TestSinatra(AppCycle):
    """Sinatra, no Procfile: what Heroku starts for a config.ru."""

    case: ClassVar = AppCase(
        app="ruby_sinatra",
        ask=answers("/notes/tea", '<h1 id="tea">Tea</h1>', "<em>not four</em>"),
        edit=replace_in("notebook.rb", "Three minutes", "Two minutes"),
        ask_edited=answers("/notes/tea", "Two minutes"),
        depend=add_gem("rack-timeout"),
        kept=(RUBY, GEMS),
        prepare=lambda _app: None if shelve_gems() else None,
        options=MIRROR,
    )
