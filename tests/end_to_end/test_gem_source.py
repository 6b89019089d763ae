"""The gem server of the tests has real gems, the same bytes each time, and pages that tools understand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.gem_source import (
    APPS,
    OLD_BUNDLER,
    gem_server,
    locked_versions,
    pack_gems,
    run_in_stack,
    served_versions,
    serving,
)
from tests.support.stack import debian_13

pytestmark = pytest.mark.end_to_end

# Those whose lock file is what is wrong with them.
_WRONG = {
    "rails_old_sprockets", "rails_puma_router_bug", "ruby_gem_withdrawn", "ruby_git_gem", "ruby_platform_missing",
    "ruby_windows_lock",
}  # fmt: skip
_LOCKED = sorted(lock.parent.name for lock in APPS.glob("*/Gemfile.lock") if lock.parent.name not in _WRONG)


def test_gems_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Packed twice from one system, every file of the server is the same: digests of images depend on it."""
    packed = [tmp_path / "first", tmp_path / "second"]
    for directory in packed:
        pack_gems(debian_13().build_root, directory)
    first, second = ({str(p.relative_to(d)): p.read_bytes() for p in d.rglob("*") if p.is_file()} for d in packed)

    assert "gems/wordcount_native-1.0.0.gem" in first
    assert first == second


def test_gem_with_a_compiled_part_is_for_this_platform() -> None:
    """What Debian has compiled is offered for this platform only, and for the Ruby it was compiled for."""
    page = (gem_server() / "info" / "pg").read_text()

    assert re.fullmatch(r"---\n\S+-x86_64-linux \|checksum:[0-9a-f]{64},ruby:~> 3\.3\.0,rubygems:>= 0\n", page)


def test_index_has_the_digest_of_every_page() -> None:
    """``/versions`` names each gem with its versions and the MD5 of its page, as Bundler checks it."""
    import hashlib

    lines = (gem_server() / "versions").read_text().split("---\n")[1].splitlines()
    for line in lines:
        name, numbers, digest = line.split(" ")
        page = (gem_server() / "info" / name).read_bytes()
        assert (numbers.split(","), digest) == (served_versions(name), hashlib.md5(page).hexdigest())  # noqa: S324
    assert len(lines) > 80


def test_two_versions_of_bundler_are_served() -> None:
    """Debian 13's and Debian 12's, so that BUNDLED WITH can name others than Ruby's own."""
    assert OLD_BUNDLER in served_versions("bundler")
    assert len(served_versions("bundler")) == 2


def test_gem_command_installs_from_the_server(tmp_path: Path) -> None:
    """``gem install`` finds a gem with all it depends on, in the pages that RubyGems asks for."""
    with serving() as address:
        options = ("--clear-sources", "--source", address, "--no-document", "--install-dir", "/mnt")
        done = run_in_stack(tmp_path, "gem", "install", *options, "kramdown", "wordcount_native")

    assert "Successfully installed kramdown" in done.stdout
    assert "Successfully installed wordcount_native" in done.stdout
    assert list(tmp_path.glob("gems/wordcount_native-1.0.0/lib/**/wordcount_native.so"))


@pytest.mark.parametrize("app", _LOCKED)
def test_lock_files_of_the_fixtures_are_met(app: str) -> None:
    """Every locked gem is served, or is part of the stack's Ruby.

    If Debian has moved on, write the lock files anew: python -m tests.support.gem_source APP
    """
    own = _gems_of_ruby()
    locked = locked_versions((APPS / app / "Gemfile.lock").read_text())

    assert {} == {
        name: version
        for name, version in locked.items()
        if version not in served_versions(name) and (name, version) not in own
    }


def _gems_of_ruby() -> set[tuple[str, str]]:
    names = (path.stem for path in debian_13().build_root.glob("usr/lib/ruby/gems/*/specifications/default/*.gemspec"))
    return {(name, version) for name, _, version in (one.rpartition("-") for one in names)}
