"""What is left of a Ruby trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.ruby.app_trace import app_lines

TRACE = """\
rake aborted!
LoadError: cannot load such file -- rspec/core/rake_task
<internal:/usr/lib/ruby/3.3.0/rubygems/core_ext/kernel_require.rb>:136:in `require'
/layers/offramp_ruby/gems/ruby/3.3.0/gems/zeitwerk-2.6.12/lib/zeitwerk/kernel.rb:34:in `require'
/app/vendor/bundle/ruby/3.3.0/gems/bootsnap-1.18.4/lib/bootsnap/load_path_cache.rb:30:in `require'
/app/lib/tasks/spec.rake:1:in `<main>'
	from /usr/lib/ruby/3.3.0/rake/rake_module.rb:29:in `load'
	from /app/Rakefile:6:in `<main>'
Tasks: TOP => assets:precompile
(See full trace by running task with --trace)
"""


def test_message_and_frames_of_the_app_stay() -> None:
    """A reader sees what is wrong, and where in the app."""
    assert app_lines(TRACE.splitlines()) == (
        "LoadError: cannot load such file -- rspec/core/rake_task",
        "/app/lib/tasks/spec.rake:1:in `<main>'",
        "\tfrom /app/Rakefile:6:in `<main>'",
    )


@pytest.mark.parametrize(
    "line",
    [
        "/app/app/layers/shop.rb:3:in 'price'",
        "/app/lib/usr/name.rb:3:in 'name'",
        "app/views/shops/index.html.erb:7",
        "/app/config.ru:1:in '<main>'",
    ],
)
def test_directories_of_the_app_may_have_any_name(line: str) -> None:
    """Only where a path begins tells whose it is."""
    assert app_lines([line]) == (line,)


def test_message_behind_a_frame_of_a_gem_stays() -> None:
    """Where nobody catches an error, Ruby writes frame and message in one line."""
    line = "/usr/lib/ruby/3.3.0/bundled_gems.rb:69:in 'require': cannot load such file -- pg (LoadError)"

    assert app_lines(["bundler: failed to load command: rake", line, "\tfrom /usr/lib/ruby/x.rb:1:in 'y'"]) == (
        "bundler: failed to load command: rake",
        line,
    )


def test_last_twenty_lines_are_enough() -> None:
    """A tool of Node.js may print thousands."""
    assert app_lines(map(str, range(100))) == tuple(map(str, range(80, 100)))


@given(st.lists(st.text()))
def test_lines_that_are_no_frames_stay_as_they_are(lines: list[str]) -> None:
    """Any output comes through: what is left are lines of it, in their order."""
    rest = iter(lines)

    assert all(any(line == other for other in rest) for line in app_lines(lines))
