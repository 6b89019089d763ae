"""Copying the stack's own Ruby."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from buildpacks.ruby.errors import RelocateRubyError
from buildpacks.ruby.stack_ruby import describe_ruby, relocated
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp, make_stack_ruby


def test_copy(tmp_path: Path) -> None:
    """Program, library, standard library and gems are copied; headers are links to the stack's."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": LOCK})

    ruby = app.build().layer("ruby").path

    assert sorted(str(path.relative_to(ruby)) for path in ruby.rglob("*") if path.is_symlink() or path.is_file()) == [
        "bin/gem",
        "bin/ruby",
        "bin/ruby3.3",
        "include/multi/ruby-3.3.0",
        "include/ruby-3.3.0",
        "lib/libruby-3.3.so.3.3",
        "lib/multi/ruby/3.3.0/rbconfig.rb",
        "lib/ruby/3.3.0/json.rb",
        "lib/ruby/gems/3.3.0/specifications/default/bundler-2.5.22.gemspec",
    ]
    assert (ruby / "bin/gem").read_text() == "#!/usr/bin/env ruby\nputs 1\n"
    assert (ruby / "include/ruby-3.3.0").readlink() == tmp_path / "usr/include/ruby-3.3.0"
    assert app.fakes.lines[0] == f"patchelf --set-rpath $ORIGIN/../lib {ruby}/bin/ruby3.3"


def test_library_loads_from_the_layer(tmp_path: Path) -> None:
    """The list of directories in the library names the layer's; nothing else of the library changes, nor its size."""
    stack = make_stack_ruby(tmp_path / "usr")
    old = stack.shared_library.read_bytes()

    new = relocated(old, stack, tmp_path / "l")

    listed = [text.decode() for text in new.removeprefix(b"\x7fELF..\0").partition(b"\0\0")[0].split(b"\0")]
    assert listed == [
        "/usr/local/lib/site_ruby/3.3.0",
        f"{tmp_path}/l/lib/ruby/3.3.0",
        f"{tmp_path}/l/lib/multi/ruby/3.3.0",
    ]
    assert len(new) == len(old)
    assert new.endswith(b"\0/usr\0rest")


def test_library_of_another_form(tmp_path: Path) -> None:
    """A library without the list is not touched: the error names it."""
    stack = make_stack_ruby(tmp_path / "usr")

    with pytest.raises(RelocateRubyError, match="is not there"):
        relocated(b"\x7fELF", stack, tmp_path)


def test_layer_with_a_long_path(tmp_path: Path) -> None:
    """A list that does not fit would overwrite what follows: the error says by how much."""
    stack = make_stack_ruby(tmp_path / "usr")

    with pytest.raises(RelocateRubyError, match="too long by"):
        relocated(stack.shared_library.read_bytes(), stack, tmp_path / ("l" * 400))


def test_ruby_outside_of_its_prefix(tmp_path: Path) -> None:
    """A Ruby whose parts do not lie below one prefix is none that can be copied."""
    stack = make_stack_ruby(tmp_path / "usr")
    elsewhere = dataclasses.replace(stack, prefix=tmp_path / "opt")
    answers = (
        "3.3.8", elsewhere.prefix, tmp_path / "usr/bin", "ruby3.3", stack.libraries, stack.arch_libraries,
        tmp_path / "usr/lib/ruby", "3.3.0", tmp_path / "usr/lib/multi", stack.shared_library.name, *stack.headers,
        stack.site,
    )  # fmt: skip

    assert describe_ruby(tuple(map(str, answers))) is None


def test_another_build_of_the_same_version_is_another_ruby(tmp_path: Path) -> None:
    """A security update of the package changes the library's digest, and so the layer's key."""
    app = RubyApp(tmp_path, {"Gemfile": GEMFILE, "Gemfile.lock": LOCK})
    app.build()
    assert app.stack is not None
    app.stack = dataclasses.replace(app.stack, build="another")

    built = app.build()

    built.layer("ruby").assert_rebuilt(because="the build of Ruby changed")
    built.layer("gems").assert_rebuilt()
