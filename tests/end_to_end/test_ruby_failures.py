"""Ruby apps that cannot be built, with the real tools: each build ends with what happened, why, and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.gem_source import MIRROR, OLD_BUNDLER, SERVER, shelve_gems
from tests.support.offramp import APPS, Installation, free_port, get, installation
from tests.support.package_proxy import PackageProxy, package_proxy

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("ruby-failures")]

_FAILED_BUILD = 51  # of the spec's codes: a buildpack's build ended with an error


@dataclass(frozen=True, kw_only=True)
class Failing:
    """An app, and the words its build ends with."""

    app: str
    words: tuple[str, ...]
    options: tuple[str, ...] = MIRROR


CASES = (
    Failing(app="ruby_without_lock", words=("The app has a Gemfile, but no Gemfile.lock", "Run 'bundle install'")),
    Failing(
        app="ruby_windows_lock",
        words=(
            "Gemfile.lock is for Windows only, and the app is built for x86_64-linux",
            "Its PLATFORMS are: x64-mingw-ucrt.",
            "bundle lock --add-platform x86_64-linux",
        ),
    ),
    Failing(
        app="ruby_platform_missing",
        words=("Gemfile.lock is not for x86_64-linux", "arm64-darwin-24", "bundle lock --add-platform x86_64-linux"),
    ),
    Failing(
        app="ruby_gem_does_not_compile",
        words=(
            "The gem sealed_notes 0.1.0 does not compile: 'sodium.h' is missing",
            "sealed_notes.c:3:10: fatal error: sodium.h: No such file or directory",
            "Aptfile",
        ),
    ),
    Failing(
        app="ruby_wrong_bundler",
        words=("There is no Bundler 2.4.99", f"'{SERVER}' does not have it", OLD_BUNDLER, "bundle update --bundler"),
    ),
    Failing(app="ruby_jruby", words=("this buildpack does not install JRuby", "jruby 9.4.8.0")),
    Failing(
        app="ruby_gem_withdrawn",
        words=("No source of gems has one of the locked gems", "puma (6.6.99-x86_64-linux)", "bundle update"),
    ),
    Failing(
        app="ruby_outdated_lock", words=("Gemfile.lock does not match the Gemfile", "kramdown", "Run 'bundle install'")
    ),
    Failing(
        app="ruby_git_gem", words=("A gem's git repository cannot be fetched", "https://git.example/harbour/words")
    ),
    Failing(
        app="rails_precompile_needs_database",
        words=(
            "The assets do not compile",
            "config/initializers/settings.rb:2",
            "There is no database in a build",
            "--env DATABASE_URL",
        ),
    ),
    Failing(
        app="rails_rakefile_broken",
        words=("'Rakefile' does not load", "cannot load such file -- listen", "groups 'development' or 'test'"),
    ),
    Failing(app="rails_puma_router_bug", words=("Puma 7.0.0 ignores how long idle connections are kept",)),
    Failing(
        app="rails_old_sprockets",
        words=("Sprockets 3.7.1 would serve any file", "config/environments/production.rb, line 3", "CVE-2018-3760"),
    ),
    Failing(
        app="ruby_sinatra",
        words=("A source of gems cannot be reached",),
        options=("--env", "BUNDLE_MIRROR__ALL=https://127.0.0.1:9"),
    ),
)


@pytest.fixture(scope="module")
def proxy() -> Iterator[PackageProxy]:
    """The recording proxy, with the gems."""
    shelve_gems()
    with package_proxy() as one:
        yield one


@pytest.fixture(scope="module")
def offramp(proxy: PackageProxy) -> Iterator[Installation]:
    """An installation whose builds go through the proxy."""
    with installation(**proxy.environ) as one:
        yield one


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app)
def test_build_ends_with_what_to_do(case: Failing, offramp: Installation) -> None:
    """The last words say what happened, why, and what to do next; no image is saved."""
    done = offramp.run("build", APPS / case.app, "-t", "failing", *case.options, code=_FAILED_BUILD)

    for word in case.words:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert "failing" not in offramp.run("images").stdout


def test_committed_bundle_is_replaced(offramp: Installation) -> None:
    """Installed gems in the source are left out, with a warning; the app runs with the locked ones."""
    log = offramp.run("build", APPS / "ruby_committed_bundle", "-t", "committed", *MIRROR).stderr
    port = free_port()
    with offramp.running("committed", port=port):
        answer = get(f"http://127.0.0.1:{port}/")

    assert "Removing 'vendor/bundle' from the build" in log
    assert "git rm -r --cached vendor/bundle" in log
    assert answer == (200, "rack 3.1.20\n")


def test_another_bundler_than_ruby_s_own_is_fetched_and_used(offramp: Installation, proxy: PackageProxy) -> None:
    """BUNDLED WITH names an older Bundler: this one installs the gems, and runs the app."""
    log = offramp.run("build", APPS / "ruby_old_bundler", "-t", "old-bundler", *MIRROR).stderr
    version = offramp.run("run", "old-bundler", "--", "bundle", "--version").stdout
    port = free_port()
    with offramp.running("old-bundler", port=port):
        answer = get(f"http://127.0.0.1:{port}/")

    assert f"Using Bundler {OLD_BUNDLER} (Gemfile.lock)" in log
    assert f"{SERVER}/gems/bundler-{OLD_BUNDLER}.gem" in [url for url, _, _ in proxy.traffic.requests]
    assert f"Bundler version {OLD_BUNDLER}" in version
    assert answer == (200, "rack 3.1.20\n")


def test_missing_header_comes_from_an_aptfile(offramp: Installation, tmp_path: Path) -> None:
    """What the error advises works: with the package in an Aptfile the gem compiles, and the app runs."""
    app = tmp_path / "app"
    shutil.copytree(APPS / "ruby_gem_does_not_compile", app)
    (app / "Aptfile").write_text("libsodium-dev\n")
    offramp.run("build", app, "-t", "sealed", *MIRROR)
    script = "require 'bundler/setup'; require 'sealed_notes'; puts SealedNotes.random_key.bytesize"

    assert offramp.run("run", "sealed", "--", "ruby", "-e", script).stdout.endswith("32\n")
