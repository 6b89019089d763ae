"""The Ruby buildpack as a lifecycle sees it; programs are fakes, the stack's Ruby is a small one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from buildpacks.ruby import errors
from buildpacks.ruby.layers.bundler import find_checksum
from buildpacks.ruby.lock_checks import fits
from buildpacks.sdk import Require
from buildpacks.sdk.buildpack import Passed
from buildpacks.sdk.testing import DEBIAN_13, BuildFailedError
from tests.support.ruby_app import GEMFILE, LOCK, RubyApp

FIXTURES = Path(__file__).parents[4] / "fixtures" / "apps"
FILES = {"Gemfile": GEMFILE, "Gemfile.lock": LOCK, "Procfile": "web: bundle exec rackup"}


@pytest.mark.parametrize("name", ["Gemfile", "Gemfile.lock"])
def test_detect(tmp_path: Path, name: str) -> None:
    """A Gemfile or a lock file passes."""
    assert RubyApp(tmp_path, {name: ""}).detect().passed


def test_detect_fails(tmp_path: Path) -> None:
    """Other apps do not, and learn what was looked for."""
    detection = RubyApp(tmp_path, FIXTURES / "nothing_to_detect").detect()

    assert not detection.passed
    assert "no Gemfile" in detection.output


@pytest.mark.parametrize("name", ["package.json", "yarn.lock"])
def test_packages_of_node_ask_for_node(tmp_path: Path, name: str) -> None:
    """Node.js comes along for the assets: with development dependencies, without a process of its own."""
    result = RubyApp(tmp_path, {**FILES, name: "{}"}).detect().result

    assert isinstance(result, Passed)
    assert result.plan is not None
    assert Require(name="node", metadata={"skip_pruning": True, "web": False}) in result.plan.alternatives[0].requires


def test_first_build(tmp_path: Path) -> None:
    """The first build installs everything; the log tells it step by step, and the gems are in the bill of materials."""
    app = RubyApp(tmp_path, FILES)

    built = app.build()

    assert built.output == (
        "Ruby\n"
        "- Using Ruby 3.3.8 from the stack (Gemfile.lock)\n"
        "- Installing Ruby 3.3.8 from the stack\n"
        "! Warning: A patch update is available: Ruby 3.3.9\n"
        "  Write ruby \"3.3.9\" into the Gemfile and run 'bundle update --ruby'.\n"
        "- Using Bundler 2.5.22 (Gemfile.lock)\n"
        "- Installing the gems\n"
    )
    sbom = json.loads(built.layer("gems").layer.sboms["cdx.json"])
    assert [component["purl"] for component in sbom["components"]] == ["pkg:gem/rack@3.1.8"]
    assert (app.app_dir / "vendor/bundle").readlink() == built.layer("gems").path
    assert not list(built.layer("gems").path.rglob("cache"))


def test_unchanged_build_runs_nothing(tmp_path: Path) -> None:
    """A second build of the same app restores every layer and runs no program at all."""
    app = RubyApp(tmp_path, FILES)
    app.build()
    app.fakes.commands.clear()

    built = app.build()

    built.layer("ruby").assert_restored()
    built.layer("gems").assert_restored()
    assert app.fakes.lines == []


def test_changed_lock_updates_the_gems_in_place(tmp_path: Path) -> None:
    """What is locked anew is installed over what is there, and what is no longer locked is removed."""
    app = RubyApp(tmp_path, FILES)
    app.build()
    app.fakes.commands.clear()
    app.write({"Gemfile.lock": LOCK.replace("3.1.8", "3.1.9")})

    built = app.build()

    built.layer("gems").assert_updated(because="Gemfile.lock changed")
    assert [line for line in app.fakes.lines if "install" in line or "clean" in line][1:] == ["bundle clean"]


def test_gem_of_the_app_s_own_source_is_compiled_by_every_build(tmp_path: Path) -> None:
    """Its compiled part lies in the app directory, which starts afresh each time."""
    own = "PATH\n  remote: engines/shop\n  specs:\n    shop (1.0)\n\n"
    app = RubyApp(tmp_path, {**FILES, "Gemfile.lock": own + LOCK})
    app.build()
    app.fakes.commands.clear()

    app.build().layer("gems").assert_restored()

    assert any(line.startswith("bundle install") for line in app.fakes.lines)


def test_settings_for_compiling_gems_reinstall_them_in_place(tmp_path: Path) -> None:
    """BUNDLE_BUILD__NAME decides how a gem is compiled; its value is kept as a digest only."""
    app = RubyApp(tmp_path, FILES)
    app.build()
    app.user_env["BUNDLE_BUILD__PG"] = "--with-pg-config=/opt/pg"

    built = app.build()

    built.layer("gems").assert_updated(because="Bundler's settings for compiling gems changed")
    assert "/opt/pg" not in str(built.layer("gems").layer.key)


def test_bundler_of_another_version_is_verified_and_installed(tmp_path: Path) -> None:
    """Its checksum stands in the source's list; the file is installed from this machine, into a layer of its own."""
    app = _with_other_bundler(tmp_path)

    built = app.build()

    assert "- Using Bundler 2.6.7 (Gemfile.lock)\n" in built.output
    install = next(line for line in app.fakes.lines if line.startswith("gem install"))
    assert "--local --no-document --env-shebang --force" in install
    app.fakes.commands.clear()
    app.build().layer("bundler").assert_restored()
    assert app.fakes.commands == []


def test_another_file_in_bundler_s_place(tmp_path: Path) -> None:
    """A file with another checksum is not installed."""
    app = _with_other_bundler(tmp_path)
    (tmp_path / "source/gems/bundler-2.6.7.gem").write_bytes(b"another")

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, errors.BundlerSumError)
    assert not [line for line in app.fakes.lines if line.startswith("gem")]


def test_bundler_nobody_has(tmp_path: Path) -> None:
    """The error names the versions there are."""
    app = _with_other_bundler(tmp_path)
    (tmp_path / "source/info/bundler").write_text("---\n2.6.5 |checksum:00\n")

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert "There is no Bundler 2.6.7" in failed.value.output
    assert "The nearest are: 2.6.5." in failed.value.output


def test_find_checksum() -> None:
    """A version's line of the compact index has its checksum among other facts, behind the dependencies."""
    lines = ["---", "2.6.7 |checksum:aa,ruby:>= 3.1", "2.6.8 a:>= 1,b:= 2|ruby:>= 3,checksum:bb", "2.6.9 |ruby:>= 3"]

    assert [find_checksum(lines, version) for version in ("2.6.7", "2.6.8", "2.6.9", "1.0")] == ["aa", "bb", None, None]


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("ruby", True),
        ("x86_64-linux", True),
        ("x86_64-linux-gnu", True),
        ("x86_64-linux-musl", False),
        ("aarch64-linux", False),
        ("x86_64-darwin-23", False),
        ("x64-mingw-ucrt", False),
        ("java", False),
    ],
)
def test_platforms(platform: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """A lock file for Linux on the same processor fits, with any C library but musl."""
    assert fits(platform, DEBIAN_13) is expected


@pytest.mark.parametrize(
    ("platforms", "error", "words"),
    [
        ("x64-mingw-ucrt", errors.LockIsForWindowsError, "Gemfile.lock is for Windows only"),
        ("arm64-darwin-23\n  x86_64-darwin-22", errors.LockMissesPlatformError, "Gemfile.lock is not for x86_64-linux"),
    ],
)
def test_lock_for_other_systems(tmp_path: Path, platforms: str, error: type[Exception], words: str) -> None:
    """The error has the command that adds the platform, and nothing is installed."""
    app = RubyApp(tmp_path, {**FILES, "Gemfile.lock": LOCK.replace("  ruby\n\nDEP", f"  {platforms}\n\nDEP")})

    with pytest.raises(BuildFailedError) as failed:
        app.build()

    assert isinstance(failed.value.error, error)
    assert words in failed.value.output
    assert "bundle lock --add-platform x86_64-linux" in failed.value.output
    assert app.fakes.commands == []


def test_lock_without_gemfile(tmp_path: Path) -> None:
    """Both files belong together."""
    with pytest.raises(BuildFailedError) as failed:
        RubyApp(tmp_path, {"Gemfile.lock": LOCK}).build()

    assert isinstance(failed.value.error, errors.NoGemfileError)


def test_settings_of_others_do_not_reach_bundler(tmp_path: Path) -> None:
    """Variables that lead Ruby or Bundler elsewhere are left out, as on Heroku; others arrive stripped."""
    user = {"RUBYOPT": "-W0", "GEM_HOME": "/x", "BUNDLE_PATH": "/y", "GREETING": " hello\n"}
    app = RubyApp(tmp_path, FILES, user_env=user)

    app.build()

    environment = next(one for one in app.fakes.commands if one.argv[:2] == ("bundle", "install")).environment
    assert "RUBYOPT" not in environment
    assert "GEM_HOME" not in environment
    assert environment["BUNDLE_PATH"] == "vendor/bundle"
    assert environment["GREETING"] == "hello"


def _with_other_bundler(tmp_path: Path) -> RubyApp:
    source = tmp_path / "source"
    (source / "info").mkdir(parents=True)
    (source / "gems").mkdir()
    (source / "gems/bundler-2.6.7.gem").write_bytes(b"gem")
    (source / "info/bundler").write_text(f"---\n2.6.7 |checksum:{hashlib.sha256(b'gem').hexdigest()}\n")
    lock = LOCK.replace("2.5.22", "2.6.7")
    return RubyApp(tmp_path, {**FILES, "Gemfile.lock": lock}, user_env={"BUNDLE_MIRROR__ALL": source.as_uri()})
