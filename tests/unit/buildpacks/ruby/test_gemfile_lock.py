"""Reading Gemfile.lock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.ruby.gemfile_lock import parse_gemfile_lock
from buildpacks.sdk import Version

LOCK = """\
GIT
  remote: https://git.example/words.git
  revision: 0123abc
  specs:
    words (0.1.0)

PATH
  remote: engines/shop
  specs:
    shop (1.0)

GEM
  remote: https://rubygems.org/
  remote: https://gems.example/
  specs:
    pg (1.5.6-x86_64-linux)
    rails (7.2.2.2)
      railties (= 7.2.2.2)
    railties (7.2.2.2)
    rack-protection (4.1.1)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  pg (~> 1.5)
  rails!

CHECKSUMS
  pg (1.5.6-x86_64-linux) sha256=00

RUBY VERSION
   ruby 3.3.8p144

BUNDLED WITH
   2.6.7
"""


def test_whole_file() -> None:
    """Gems of every source, without their dependencies and platforms; sources, platforms, Ruby and Bundler."""
    lock = parse_gemfile_lock(LOCK)

    assert dict(lock.gems) == {
        "words": "0.1.0", "shop": "1.0", "pg": "1.5.6", "rails": "7.2.2.2", "railties": "7.2.2.2",
        "rack-protection": "4.1.1",
    }  # fmt: skip
    assert [(source.kind, source.remotes, source.revision) for source in lock.sources] == [
        ("GIT", ("https://git.example/words.git",), "0123abc"),
        ("PATH", ("engines/shop",), ""),
        ("GEM", ("https://rubygems.org/", "https://gems.example/"), ""),
    ]
    assert lock.platforms == ("ruby", "x86_64-linux")
    assert str(lock.ruby) == "3.3.8"
    assert lock.bundler == "2.6.7"


def test_questions_about_gems() -> None:
    """A gem is there, has a version, and is at least another one."""
    lock = parse_gemfile_lock(LOCK)

    assert lock.has("mysql2", "pg")
    assert not lock.has("rack")
    assert lock.version("railties") == Version((7, 2, 2, 2))
    assert lock.is_at_least("railties", 4, 2)
    assert not lock.is_at_least("railties", 8)
    assert not lock.is_at_least("rack", 1)


def test_windows_line_ends() -> None:
    """Carriage returns change nothing."""
    assert parse_gemfile_lock(LOCK.replace("\n", "\r\n")) == parse_gemfile_lock(LOCK)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  ruby 3.3.8", "3.3.8"),
        ("   ruby 3.3.8p144", "3.3.8"),
        ("   ruby 3.4.0.rc1", "3.4.0.rc1"),
        ("   ruby 3.4.0-preview2", "3.4.0.preview2"),
        ("   ruby 3.4.0dev", "3.4.0.dev"),
        ("   ruby 2.5.7p001 (jruby 9.2.13.0)", "jruby 9.2.13.0 (Ruby 2.5.7)"),
    ],
)
def test_forms_of_the_ruby_version(line: str, expected: str) -> None:
    """Two or three spaces, pre-releases with dot or dash, and other engines; the patch level counts for nothing."""
    assert str(parse_gemfile_lock(f"RUBY VERSION\n{line}\n").ruby) == expected


@pytest.mark.parametrize("line", ["ruby 3.3.8", " ruby 3.3.8", "    ruby 3.3.8", "   ruby 3.3", "   ruby head"])
def test_another_form_is_as_good_as_absent(line: str) -> None:
    """What Bundler does not write is not guessed at."""
    assert parse_gemfile_lock(f"RUBY VERSION\n{line}\n").ruby is None


@given(st.text(alphabet="GEMPATHRUBYVIONWD ruby123.()-:\r\n", max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No text makes the parser fail; a build then says what is missing, not where a parser broke."""
    lock = parse_gemfile_lock(text)

    assert all(name and version for name, version in lock.gems.items())


@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,12}", fullmatch=True),
        st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,3}){0,3}(\.rc1)?", fullmatch=True),
    )
)
def test_gems_are_read_as_they_were_written(gems: dict[str, str]) -> None:
    """Whatever their names, gems come back with their versions."""
    specs = "".join(f"    {name} ({version})\n      rack (>= 1)\n" for name, version in gems.items())

    assert parse_gemfile_lock(f"GEM\n  remote: x\n  specs:\n{specs}\n").gems == gems
